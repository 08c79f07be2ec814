#pragma once

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "ir/graph.h"
#include "tests/support/elements.h"

namespace latent::test {

/// What `fill` puts into arrays.
enum class Values {
    ordinary,  ///< floats normally distributed around 0, integers in [-20, 20]
    positive,  ///< floats in (0.05, 4)
    halves,    ///< multiples of 1/2 in [-3, 3], whose sums have no rounding; few infinities and NaN
    special,   ///< ordinary, with NaN, infinities and zeros of both signs among them
    extreme,   ///< special, and the least and largest of integers among them
};

/// A number of a kind; `T` is no bool.
template <Element T>
T random_number(std::mt19937_64& random, Values values) {
    using Limits = std::numeric_limits<T>;
    if constexpr (std::integral<T>) {
        if (values == Values::extreme && random() % 4 == 0) {
            return random() % 2 == 0 ? Limits::min() : Limits::max();
        }
        return static_cast<T>(static_cast<std::int64_t>(random() % 41) - 20);
    } else {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        constexpr double least = std::same_as<T, double>
                                     ? std::numeric_limits<double>::min()
                                     : double{std::numeric_limits<float>::min()};
        constexpr double specials[] = {
            std::numeric_limits<double>::quiet_NaN(), infinity, -infinity, 0, -0.0, least};
        const auto special = [&] { return T(specials[random() % std::size(specials)]); };
        switch (values) {
            case Values::positive:
                return T(std::uniform_real_distribution<double>(0.05, 4)(random));
            case Values::halves:
                return random() % 40 == 0 ? special()
                                          : T(static_cast<double>(random() % 13) / 2 - 3);
            case Values::special:
            case Values::extreme: {
                const T ordinary = T(std::normal_distribution<double>()(random));
                return random() % 3 == 0 ? special() : ordinary;
            }
            case Values::ordinary:
                break;
        }
        return T(std::normal_distribution<double>()(random));
    }
}

/// Reproducible data of a type.
inline Array fill(const ir::Type& type, std::uint64_t seed, Values values = Values::ordinary) {
    Array array(type);
    std::mt19937_64 random(seed * 7919 + 17);
    with_elements(array, [&]<typename T>(std::span<const T>) {
        for (T& element : array.mutable_data<T>()) {
            if constexpr (std::same_as<T, bool>) {
                element = random() % 2 != 0;
            } else {
                element = random_number<T>(random, values);
            }
        }
    });
    return array;
}

/// Data for the parameters of a graph, by index; those that it lacks get a rank-0 placeholder.
/// Another seed gives other data.
inline std::vector<Array> fill_parameters(const ir::Graph& graph, Values values = Values::ordinary,
                                          std::uint64_t seed = 0) {
    std::vector<Array> inputs;
    for (const ir::Node* node : ir::topological_order(graph.results)) {
        if (node->op() != ir::Op::parameter) {
            continue;
        }
        const auto index =
            static_cast<std::size_t>(node->attributes_as<ir::ParameterAttributes>().index);
        while (inputs.size() <= index) {
            inputs.emplace_back(ir::Type{DType::f32, {}});
        }
        inputs[index] = fill(node->type(), seed + index, values);
    }
    return inputs;
}

}  // namespace latent::test
