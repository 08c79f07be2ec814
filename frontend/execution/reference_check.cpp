#include "frontend/execution/reference_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ir/errors.h"
#include "ir/graph.h"
#include "ir/node_map.h"

namespace latent::detail {

namespace {

/// How far a compiled value that was rounded to `dtype` may be from the interpreter's, relative to
/// the largest magnitude of the tensor. Functions and sums in another order differ by more than
/// single operations do; where that makes an element of f16 or bf16 round to the other side, what
/// is computed from it differs by a few units in the last place.
double tolerance(DType dtype) {
    switch (dtype) {
        case DType::f16:
            return 0x1p-7;  // 8 units in the last place
        case DType::bf16:
            return 0x1p-4;  // 8
        case DType::f32:
            return 1e-4;
        case DType::f64:
            return 1e-11;
        case DType::boolean:
        case DType::u8:
        case DType::i8:
        case DType::i16:
        case DType::i32:
        case DType::i64:
            return 0;
    }
    throw InternalError("unknown dtype");
}

/// For each node that `values` are computed from: the tolerance of the coarsest dtype that was
/// rounded to on the way. What is ready, or is no float, is the same for both.
ir::NodeMap<double> tolerances(std::span<const ir::Value> values) {
    const auto is_given = [](const ir::Node& node) {
        return node.slot().ready() || ir::category(node.op()) == ir::Category::leaf;
    };
    const std::vector<const ir::Node*> order = ir::topological_order(values, is_given);
    ir::NodeMap<double> result(order.size());
    for (const ir::Node* node : order) {
        double largest = 0;
        if (!is_given(*node) && is_floating(node->type().dtype)) {
            largest = tolerance(node->type().dtype);
            for (const ir::Value& operand : node->operands()) {
                largest = std::max(largest, result.at(operand.node.get()));
            }
        }
        result.insert(node, largest);
    }
    return result;
}

template <typename T>
std::vector<double> as_doubles(const ir::StorageRef& storage, std::int64_t count) {
    std::vector<T> elements(static_cast<std::size_t>(count));
    std::memcpy(elements.data(), storage->data(), elements.size() * sizeof(T));
    return {elements.begin(), elements.end()};
}

std::vector<double> as_doubles(const ir::StorageRef& storage, const ir::Type& type) {
    switch (type.dtype) {
        case DType::boolean:
        case DType::u8:
            return as_doubles<std::uint8_t>(storage, type.element_count());
        case DType::i8:
            return as_doubles<std::int8_t>(storage, type.element_count());
        case DType::i16:
            return as_doubles<std::int16_t>(storage, type.element_count());
        case DType::i32:
            return as_doubles<std::int32_t>(storage, type.element_count());
        case DType::i64:
            return as_doubles<std::int64_t>(storage, type.element_count());
        case DType::f16:
            return as_doubles<float16>(storage, type.element_count());
        case DType::bf16:
            return as_doubles<bfloat16>(storage, type.element_count());
        case DType::f32:
            return as_doubles<float>(storage, type.element_count());
        case DType::f64:
            return as_doubles<double>(storage, type.element_count());
    }
    throw InternalError("unknown dtype");
}

}  // namespace

void check_against_reference(std::span<const ir::Value> values,
                             std::span<const ir::StorageRef> results,
                             const codegen::reference::Allocator& allocate) {
    const std::vector<ir::StorageRef> expected = codegen::reference::evaluate(values, allocate);
    const ir::NodeMap<double> allowed = tolerances(values);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double tolerance = allowed.at(values[i].node.get());
        const ir::Type& type = values[i].type();
        const std::vector<double> got = as_doubles(results[i], type);
        const std::vector<double> want = as_doubles(expected[i], type);
        double largest = 1;
        for (const double element : want) {
            largest = std::isfinite(element) ? std::max(largest, std::abs(element)) : largest;
        }
        for (std::size_t k = 0; k < want.size(); ++k) {
            const bool same = got[k] == want[k] || (std::isnan(got[k]) && std::isnan(want[k])) ||
                              std::abs(got[k] - want[k]) <= tolerance * largest;
            if (!same) {
                ir::raise<InternalError>(
                    values[i].node->location(),
                    fmt::format("{}: the compiled {} differs from the reference at element {}: {} "
                                "instead of {}",
                                ir::name(values[i].op()), to_string(type), k, got[k], want[k]));
            }
        }
    }
}

}  // namespace latent::detail
