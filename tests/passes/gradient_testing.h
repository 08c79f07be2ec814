#pragma once

#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/reference/interpreter.h"
#include "ir/builder.h"
#include "ir/graph.h"
#include "ir/parse.h"
#include "passes/differentiation/gradient.h"

// What the tests of gradient values share: evaluation in f64 and finite differences.

namespace latent::testing {

using codegen::reference::Array;
using Arrays = std::vector<Array>;

/// The text of f64 vectors %p0, %p1, ...
inline std::string vector_parameters(int count, std::size_t extent) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        const std::string index = std::to_string(i);
        text += "%p" + index + " = parameter {index=" + index + ", dtype=f64, shape=[" +
                std::to_string(extent) + "]}\n";
    }
    return text;
}

/// An interval that operands are drawn from.
struct Range {
    double low = -2;
    double high = 2;
};

/// The `parameter` nodes under `results`, in the order of their indices, which are 0, 1, 2 ...
inline std::vector<ir::Value> parameters_of(std::span<const ir::Value> results) {
    std::vector<ir::Value> parameters;
    for (const ir::Node* node : ir::topological_order(results)) {
        if (node->op() == ir::Op::parameter) {
            parameters.push_back({ir::NodeRef::share(*node)});
        }
    }
    std::ranges::sort(parameters, {}, [](const ir::Value& value) {
        return value.node->attributes_as<ir::ParameterAttributes>().index;
    });
    return parameters;
}

inline ir::Value sum_all(const ir::Value& value) {
    ir::Axes axes;
    for (std::size_t i = 0; i < value.type().rank(); ++i) {
        axes.push_back(static_cast<std::int64_t>(i));
    }
    return ir::reduce(ir::Op::reduce_sum, value, axes.span(), {});
}

inline std::vector<double> evaluate(const ir::Value& value, const Arrays& inputs) {
    const Arrays results = codegen::reference::interpret(ir::Graph{{value}}, inputs);
    const std::span<const double> data = results.front().data<double>();
    return {data.begin(), data.end()};
}

/// d `scalar` / d inputs[which] by central differences.
inline std::vector<double> finite_differences(const ir::Value& scalar, const Arrays& inputs,
                                              std::size_t which) {
    const std::span<const double> point = inputs[which].data<double>();
    std::vector<double> slopes;
    for (std::size_t i = 0; i < point.size(); ++i) {
        const double step = 1e-5 * std::max(1.0, std::abs(point[i]));
        const auto at = [&](double x) {
            Arrays moved = inputs;
            moved[which] = Array::from<double>(point, inputs[which].type().shape);
            moved[which].mutable_data<double>()[i] = x;
            return evaluate(scalar, moved).front();
        };
        slopes.push_back((at(point[i] + step) - at(point[i] - step)) / (2 * step));
    }
    return slopes;
}

/// Random elements: floats from the range, integers from 0 to 3, booleans.
inline Array random_array(const ir::Type& type, const Range& range, std::mt19937_64& generator) {
    Array array(type);
    const auto fill = [&]<typename T>(std::span<T> elements, auto distribution) {
        for (T& element : elements) {
            element = static_cast<T>(distribution(generator));
        }
    };
    switch (type.dtype) {
        case DType::f64:
            fill(array.mutable_data<double>(),
                 std::uniform_real_distribution(range.low, range.high));
            break;
        case DType::f32:
            fill(array.mutable_data<float>(),
                 std::uniform_real_distribution(range.low, range.high));
            break;
        case DType::i32:
            fill(array.mutable_data<std::int32_t>(), std::uniform_int_distribution(0, 3));
            break;
        case DType::i64:
            fill(array.mutable_data<std::int64_t>(), std::uniform_int_distribution(0, 3));
            break;
        case DType::u8:
        case DType::i8:
        case DType::i16:
        case DType::f16:
        case DType::bf16:
            throw InternalError("no gradient is tested in this dtype");
        case DType::boolean:
            fill(array.mutable_data<bool>(), std::uniform_int_distribution(0, 1));
            break;
    }
    return array;
}

}  // namespace latent::testing
