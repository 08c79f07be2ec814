#include "codegen/runtime/sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <limits>
#include <type_traits>
#include <utility>

namespace latent::codegen::runtime {

namespace {

constexpr int digit_bits = 11;
constexpr std::size_t digits = std::size_t{1} << digit_bits;
/// Below this, each item is put in its place among those before it.
constexpr std::size_t least_compared = 32;
/// Below this, counting digits costs more than comparing.
constexpr std::size_t least_counted = 512;

template <typename Bits>
struct Item {
    Bits key;
    std::uint32_t position;
};

/// Unsigned bits in the order of the keys.
template <typename T>
auto ordered_bits(T value) {
    if constexpr (std::floating_point<T>) {
        using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
        constexpr Bits sign = Bits{1} << (sizeof(T) * 8 - 1);
        if (value != value) {
            return std::numeric_limits<Bits>::max();
        }
        const Bits bits = std::bit_cast<Bits>(value == 0 ? T(0) : value);
        return static_cast<Bits>((bits & sign) != 0 ? ~bits : bits | sign);
    } else {
        using Bits = std::make_unsigned_t<T>;
        constexpr auto sign =
            static_cast<Bits>(std::is_signed_v<T> ? Bits{1} << (sizeof(T) * 8 - 1) : Bits{0});
        return static_cast<Bits>(static_cast<Bits>(value) ^ sign);
    }
}

template <typename Bits>
void sort_items(Item<Bits>* items, Item<Bits>* other, std::size_t count,
                const SortedPositions& positions) {
    if (count < least_compared) {
        for (std::size_t i = 1; i < count; ++i) {
            const Item<Bits> item = items[i];
            std::size_t place = i;
            for (; place > 0 && item.key < items[place - 1].key; --place) {
                items[place] = items[place - 1];
            }
            items[place] = item;
        }
    } else if (count < least_counted) {
        // Positions are part of the comparison, so an unstable sort, which needs no memory, does.
        std::sort(items, items + count, [](const Item<Bits>& a, const Item<Bits>& b) {
            return a.key != b.key ? a.key < b.key : a.position < b.position;
        });
    } else {
        constexpr int key_bits = std::numeric_limits<Bits>::digits;
        for (int shift = 0; shift < key_bits; shift += digit_bits) {
            const auto digit = [shift](const Item<Bits>& item) {
                return static_cast<std::size_t>(item.key >> shift) & (digits - 1);
            };
            std::array<std::uint32_t, digits> next{};
            for (std::size_t i = 0; i < count; ++i) {
                ++next[digit(items[i])];
            }
            if (next[digit(items[0])] == count) {
                continue;  // all alike in this digit
            }
            std::uint32_t begin = 0;
            for (std::uint32_t& entry : next) {
                begin += std::exchange(entry, begin);
            }
            for (std::size_t i = 0; i < count; ++i) {
                other[next[digit(items[i])]++] = items[i];
            }
            std::swap(items, other);
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        positions.data[static_cast<std::ptrdiff_t>(i) * positions.stride] = items[i].position;
    }
}

template <typename T>
void sort_elements(const SortKeys& keys, bool decreasing, const SortedPositions& positions,
                   void* scratch) {
    using Bits = decltype(ordered_bits(T{}));
    auto* const items = static_cast<Item<Bits>*>(scratch);
    const auto* const data = static_cast<const T*>(keys.data);
    const Bits flip = decreasing ? std::numeric_limits<Bits>::max() : Bits{0};
    for (std::size_t i = 0; i < keys.count; ++i) {
        const T key = data[static_cast<std::ptrdiff_t>(i) * keys.stride];
        items[i] = {static_cast<Bits>(ordered_bits(key) ^ flip), static_cast<std::uint32_t>(i)};
    }
    sort_items(items, items + keys.count, keys.count, positions);
}

}  // namespace

std::size_t sort_scratch_bytes(std::size_t count) {
    return 2 * std::max<std::size_t>(count, 1) * sizeof(Item<std::uint64_t>);
}

void sort_positions(const SortKeys& keys, bool decreasing, const SortedPositions& positions,
                    void* scratch) noexcept {
    const auto sort = [&]<typename T>(std::type_identity<T>) {
        sort_elements<T>(keys, decreasing, positions, scratch);
    };
    const bool narrow = keys.type.bits == 32;
    switch (keys.type.code) {
        case halide_type_float:
            return narrow ? sort(std::type_identity<float>{}) : sort(std::type_identity<double>{});
        case halide_type_int:
            return narrow ? sort(std::type_identity<std::int32_t>{})
                          : sort(std::type_identity<std::int64_t>{});
        default:
            return sort(std::type_identity<std::uint8_t>{});
    }
}

}  // namespace latent::codegen::runtime
