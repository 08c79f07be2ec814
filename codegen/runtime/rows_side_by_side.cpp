#include "codegen/runtime/rows_side_by_side.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "codegen/runtime/sorting_network.h"

#define LATENT_ALWAYS_INLINE [[gnu::always_inline]] inline

namespace latent::codegen::runtime {

namespace {

/// Longer ones gain nothing: the rest of a sort takes most of its time.
using Vector [[gnu::vector_size(32)]] = std::int64_t;
constexpr std::size_t lanes = sizeof(Vector) / sizeof(std::int64_t);

/// Puts the smaller numbers of two vectors into the first.
LATENT_ALWAYS_INLINE void exchange(Vector& low, Vector& high) {
    const Vector smaller = high < low ? high : low;
    high = high < low ? low : high;
    low = smaller;
}

struct Pairs {
    Vector first, second;
};

LATENT_ALWAYS_INLINE void exchange(Pairs& low, Pairs& high) {
    const auto swapped =
        (high.first < low.first) | ((high.first == low.first) & (high.second < low.second));
    const Pairs smaller{swapped ? high.first : low.first, swapped ? high.second : low.second};
    high.first = swapped ? low.first : high.first;
    high.second = swapped ? low.second : high.second;
    low = smaller;
}

template <typename Items, std::size_t size, std::size_t... i>
LATENT_ALWAYS_INLINE void apply(std::array<Items, size>& rows, std::index_sequence<i...>) {
    constexpr auto network = sorting_network<size>();
    (exchange(rows[network[i].low], rows[network[i].high]), ...);
}

/// The rows in the lanes of vectors, from `lane` on.
template <std::size_t size>
LATENT_ALWAYS_INLINE void sort_vectors(RowsSideBySide& numbers, std::size_t lane) {
    std::array<Vector, size> rows;
    for (std::size_t i = 0; i < size; ++i) {
        std::memcpy(&rows[i], &numbers[i * rows_side_by_side + lane], sizeof(Vector));
    }
    apply(rows, std::make_index_sequence<sorting_network<size>().size()>{});
    for (std::size_t i = 0; i < size; ++i) {
        std::memcpy(&numbers[i * rows_side_by_side + lane], &rows[i], sizeof(Vector));
    }
}

template <std::size_t size>
LATENT_ALWAYS_INLINE void sort_vectors(PairsSideBySide& pairs, std::size_t lane) {
    std::array<Pairs, size> rows;
    for (std::size_t i = 0; i < size; ++i) {
        std::memcpy(&rows[i].first, &pairs.first[i * rows_side_by_side + lane], sizeof(Vector));
        std::memcpy(&rows[i].second, &pairs.second[i * rows_side_by_side + lane], sizeof(Vector));
    }
    apply(rows, std::make_index_sequence<sorting_network<size>().size()>{});
    for (std::size_t i = 0; i < size; ++i) {
        std::memcpy(&pairs.first[i * rows_side_by_side + lane], &rows[i].first, sizeof(Vector));
        std::memcpy(&pairs.second[i * rows_side_by_side + lane], &rows[i].second, sizeof(Vector));
    }
}

template <typename Items>
[[gnu::target("avx2")]] void sort_rows(Items& items, std::size_t size) {
    for (std::size_t lane = 0; lane < rows_side_by_side; lane += lanes) {
        switch (size) {
            case 2:
                sort_vectors<2>(items, lane);
                break;
            case 4:
                sort_vectors<4>(items, lane);
                break;
            case 8:
                sort_vectors<8>(items, lane);
                break;
            case 16:
                sort_vectors<16>(items, lane);
                break;
            case largest_network:
                sort_vectors<largest_network>(items, lane);
                break;
            default:
                break;  // one item or none
        }
    }
}

void fill_up(RowsSideBySide& numbers, std::size_t count, std::size_t size) {
    std::fill(numbers.data() + count * rows_side_by_side, numbers.data() + size * rows_side_by_side,
              std::numeric_limits<std::int64_t>::max());
}

}  // namespace

bool can_sort_side_by_side() {
    return __builtin_cpu_supports("avx2") != 0;
}

void sort_side_by_side(RowsSideBySide& numbers, std::size_t count) {
    const std::size_t size = std::bit_ceil(count);
    fill_up(numbers, count, size);
    sort_rows(numbers, size);
}

void sort_side_by_side(PairsSideBySide& pairs, std::size_t count) {
    const std::size_t size = std::bit_ceil(count);
    fill_up(pairs.first, count, size);
    fill_up(pairs.second, count, size);
    sort_rows(pairs, size);
}

}  // namespace latent::codegen::runtime
