#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

/// Sorting of a few numbers without a branch that depends on them: comparisons of random numbers
/// are guessed wrong half of the time, and a wrong guess takes as long as ten comparisons.
namespace latent::codegen::runtime {

struct Comparator {
    std::uint8_t low, high;
};

/// Calls `visit(low, high)` for the comparators of Batcher's merge exchange for `count` numbers, a
/// power of two (Knuth, The Art of Computer Programming 3, algorithm 5.2.2M).
template <typename Visit>
constexpr void for_each_comparator(std::size_t count, Visit&& visit) {
    for (std::size_t p = count / 2; p > 0; p /= 2) {
        std::size_t q = count / 2;
        std::size_t r = 0;
        std::size_t d = p;
        while (true) {
            for (std::size_t i = 0; i + d < count; ++i) {
                if ((i & p) == r) {
                    visit(i, i + d);
                }
            }
            if (q == p) {
                break;
            }
            d = q - p;
            q /= 2;
            r = p;
        }
    }
}

template <std::size_t count>
consteval auto sorting_network() {
    constexpr std::size_t size = [] {
        std::size_t comparators = 0;
        for_each_comparator(count, [&](std::size_t, std::size_t) { ++comparators; });
        return comparators;
    }();
    std::array<Comparator, size> network{};
    std::size_t next = 0;
    for_each_comparator(count, [&](std::size_t low, std::size_t high) {
        network[next++] = {static_cast<std::uint8_t>(low), static_cast<std::uint8_t>(high)};
    });
    return network;
}

/// The most numbers that `sort_few` sorts.
constexpr std::size_t largest_network = 32;

template <std::size_t count>
void apply_network(std::array<std::uint64_t, largest_network>& numbers) {
    constexpr auto network = sorting_network<count>();
    const auto exchange = [&](const Comparator& comparator) {
        // Of std::min and std::max GCC makes branches here.
        std::uint64_t& low = numbers[comparator.low];
        std::uint64_t& high = numbers[comparator.high];
        const std::uint64_t swapped = (low ^ high) & -static_cast<std::uint64_t>(high < low);
        low ^= swapped;
        high ^= swapped;
    };
    [&]<std::size_t... i>(std::index_sequence<i...>) {
        (exchange(network[i]), ...);
    }(std::make_index_sequence<network.size()>{});
}

/// Sorts the first `count` numbers; the others are overwritten.
inline void sort_few(std::array<std::uint64_t, largest_network>& numbers, std::size_t count) {
    const std::size_t size = std::bit_ceil(count);
    std::fill(numbers.begin() + static_cast<std::ptrdiff_t>(count),
              numbers.begin() + static_cast<std::ptrdiff_t>(size),
              std::numeric_limits<std::uint64_t>::max());
    switch (size) {
        case 2:
            return apply_network<2>(numbers);
        case 4:
            return apply_network<4>(numbers);
        case 8:
            return apply_network<8>(numbers);
        case 16:
            return apply_network<16>(numbers);
        case largest_network:
            return apply_network<largest_network>(numbers);
        default:
            return;  // one number or none
    }
}

}  // namespace latent::codegen::runtime
