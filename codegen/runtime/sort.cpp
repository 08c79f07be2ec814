#include "codegen/runtime/sort.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <span>
#include <utility>

#include "codegen/runtime/rows_side_by_side.h"
#include "codegen/runtime/sorting_network.h"

namespace latent::codegen::runtime {

namespace {

/// An item of a key of 32 bits or fewer: the key above the position, in one number, so that one
/// comparison orders both and no two are equal.
struct NarrowItem {
    using Bits = std::uint32_t;
    std::uint64_t both;

    NarrowItem() = default;
    NarrowItem(Bits key, std::uint32_t position) : both(std::uint64_t{key} << 32 | position) {}
    Bits key() const { return static_cast<Bits>(both >> 32); }
    std::uint32_t position() const { return static_cast<std::uint32_t>(both); }
};

struct WideItem {
    using Bits = std::uint64_t;
    Bits bits;
    std::uint32_t place;

    WideItem() = default;
    WideItem(Bits key, std::uint32_t position) : bits(key), place(position) {}
    Bits key() const { return bits; }
    std::uint32_t position() const { return place; }
};

/// Below these, comparing costs less than counting digits.
template <typename Item>
constexpr std::size_t least_counted = 128;
template <>
constexpr std::size_t least_counted<NarrowItem> = largest_network + 1;

/// From here on, passes over the items take longer than the counts of longer digits.
constexpr std::size_t least_of_long_digits = 4096;

/// Sorts by digits of the keys, from the last that is needed to the first.
template <int digit_bits, typename Item>
class DigitSort {
  public:
    DigitSort(std::span<Item> items, std::span<Item> other) : items_(items), other_(other) {}

    /// Returns where the sorted items are.
    std::span<Item> run() {
        count();
        const int last = last_digit_needed();
        distribute(last);
        if (last > 0 && !insert()) {
            count();
            distribute(0);
        }
        return items_;
    }

  private:
    static constexpr std::size_t digits = std::size_t{1} << digit_bits;
    static constexpr double most_alike = 0.25;
    static constexpr int key_bits = std::numeric_limits<typename Item::Bits>::digits;
    static constexpr int places = (key_bits + digit_bits - 1) / digit_bits;

    static std::size_t digit(const Item& item, int place) {
        return static_cast<std::size_t>(item.key() >> (place * digit_bits)) & (digits - 1);
    }
    std::array<std::uint32_t, digits>& counts(int place) {
        return counts_[static_cast<std::size_t>(place)];
    }
    bool all_alike(int place) {
        return counts(place)[digit(items_.front(), place)] == items_.size();
    }

    void count() {
        counts_ = {};
        for (const Item& item : items_) {
            [&]<int... place>(std::integer_sequence<int, place...>) {
                (++counts(place)[digit(item, place)], ...);
            }(std::make_integer_sequence<int, places>{});
        }
    }

    /// From the first digit on, as many as leave few items with another of the same digits, if
    /// digits do not depend on each other.
    int last_digit_needed() {
        const auto size = static_cast<double>(items_.size());
        double alike = size;
        int place = places;
        while (place > 0 && alike > most_alike) {
            --place;
            double pairs = 0;
            for (const std::uint32_t entry : counts(place)) {
                pairs += static_cast<double>(entry) * static_cast<double>(entry);
            }
            alike *= pairs / (size * size);
        }
        return place;
    }

    void distribute(int last) {
        for (int place = last; place < places; ++place) {
            if (all_alike(place)) {
                continue;
            }
            std::array<std::uint32_t, digits>& next = counts(place);
            std::uint32_t begin = 0;
            for (std::uint32_t& entry : next) {
                begin += std::exchange(entry, begin);
            }
            for (const Item& item : items_) {
                other_[next[digit(item, place)]++] = item;
            }
            std::swap(items_, other_);
        }
    }

    /// Puts each item in its place among those before it, unless that takes long. What is equal
    /// stays in order either way.
    bool insert() {
        std::size_t moves = 0;
        for (std::size_t i = 1; i < items_.size() && moves <= items_.size(); ++i) {
            const Item item = items_[i];
            std::size_t place = i;
            for (; place > 0 && item.key() < items_[place - 1].key(); --place) {
                items_[place] = items_[place - 1];
            }
            items_[place] = item;
            moves += i - place;
        }
        return moves <= items_.size();
    }

    std::span<Item> items_, other_;
    std::array<std::array<std::uint32_t, digits>, static_cast<std::size_t>(places)> counts_;
};

/// Sorts few items.
void sort_by_comparing(std::span<NarrowItem> items) {
    std::array<std::uint64_t, largest_network> sorted;
    std::ranges::transform(items, sorted.begin(), &NarrowItem::both);
    sort_few(sorted, items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        items[i].both = sorted[i];
    }
}

void sort_by_comparing(std::span<WideItem> items) {
    // Positions are part of the comparison, so an unstable sort, which needs no memory, does.
    std::ranges::sort(items, [](const WideItem& a, const WideItem& b) {
        return a.bits != b.bits ? a.bits < b.bits : a.place < b.place;
    });
}

/// The keys, as items.
template <typename Item>
class Rows {
  public:
    Rows(const SortKeys& keys, const SortedPositions& positions)
        : keys_(keys), positions_(positions) {}

    void sort(void* scratch) const {
        std::size_t row = 0;
        if (keys_.count <= largest_network && can_sort_side_by_side()) {
            for (; row + rows_side_by_side <= keys_.rows; row += rows_side_by_side) {
                sort_several(row);
            }
        }
        for (; row < keys_.rows; ++row) {
            sort_row(row, scratch);
        }
    }

  private:
    using Bits = typename Item::Bits;

    const Bits& key(std::size_t row, std::size_t i) const {
        return static_cast<const Bits*>(
            keys_.data)[static_cast<std::ptrdiff_t>(row) * keys_.row_stride +
                        static_cast<std::ptrdiff_t>(i) * keys_.stride];
    }
    std::int64_t& position(std::size_t row, std::size_t i) const {
        return positions_.data[static_cast<std::ptrdiff_t>(row) * positions_.row_stride +
                               static_cast<std::ptrdiff_t>(i) * positions_.stride];
    }

    /// As signed numbers, which are compared.
    static constexpr std::uint64_t sign = std::uint64_t{1} << 63;

    /// Calls `visit(i, r, key)` for item i of each of several rows.
    template <typename Visit>
    void for_each_key(std::size_t row, Visit&& visit) const {
        const std::ptrdiff_t to_next_row = keys_.row_stride;
        for (std::size_t i = 0; i < keys_.count; ++i) {
            const auto* key = &this->key(row, i);
#pragma GCC unroll 8
            for (std::size_t r = 0; r < rows_side_by_side; ++r, key += to_next_row) {
                visit(i, i * rows_side_by_side + r, *key);
            }
        }
    }

    void store_positions(std::size_t row, const RowsSideBySide& items) const {
        const std::ptrdiff_t to_next_row = positions_.row_stride;
        for (std::size_t i = 0; i < keys_.count; ++i) {
            std::int64_t* position = &this->position(row, i);
#pragma GCC unroll 8
            for (std::size_t r = 0; r < rows_side_by_side; ++r, position += to_next_row) {
                *position = static_cast<std::uint32_t>(items[i * rows_side_by_side + r]);
            }
        }
    }

    void sort_several(std::size_t row) const {
        if constexpr (std::same_as<Item, NarrowItem>) {
            alignas(64) RowsSideBySide items;
            for_each_key(row, [&](std::size_t i, std::size_t place, Bits key) {
                const Item item(key, static_cast<std::uint32_t>(i));
                items[place] = static_cast<std::int64_t>(item.both ^ sign);
            });
            sort_side_by_side(items, keys_.count);
            store_positions(row, items);
        } else {
            PairsSideBySide items;
            for_each_key(row, [&](std::size_t i, std::size_t place, Bits key) {
                items.first[place] = static_cast<std::int64_t>(key ^ sign);
                items.second[place] = static_cast<std::int64_t>(i);
            });
            sort_side_by_side(items, keys_.count);
            store_positions(row, items.second);
        }
    }

    void sort_row(std::size_t row, void* scratch) const {
        std::span<Item> items(static_cast<Item*>(scratch), keys_.count);
        for (std::size_t i = 0; i < keys_.count; ++i) {
            items[i] = Item(key(row, i), static_cast<std::uint32_t>(i));
        }
        if (keys_.count < least_counted<Item>) {
            sort_by_comparing(items);
        } else {
            const std::span<Item> other(items.data() + keys_.count, keys_.count);
            items = keys_.count < least_of_long_digits ? DigitSort<8, Item>(items, other).run()
                                                       : DigitSort<11, Item>(items, other).run();
        }
        for (std::size_t i = 0; i < keys_.count; ++i) {
            position(row, i) = items[i].position();
        }
    }

    const SortKeys& keys_;
    const SortedPositions& positions_;
};

}  // namespace

std::size_t sort_scratch_bytes(std::size_t count) {
    return 2 * std::max<std::size_t>(count, 1) * sizeof(WideItem);
}

void sort_positions(const SortKeys& keys, const SortedPositions& positions,
                    void* scratch) noexcept {
    if (keys.bits == 32) {
        Rows<NarrowItem>(keys, positions).sort(scratch);
    } else {
        Rows<WideItem>(keys, positions).sort(scratch);
    }
}

}  // namespace latent::codegen::runtime
