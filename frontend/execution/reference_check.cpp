#include "frontend/execution/reference_check.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "ir/errors.h"

namespace latent::detail {

namespace {

/// How far a compiled value may be from the interpreter's, relative to the largest magnitude of the
/// tensor: sums in another order differ by more than single operations do.
double tolerance(DType dtype) {
    return dtype == DType::f32 ? 1e-4 : dtype == DType::f64 ? 1e-11 : 0.0;
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
    for (std::size_t i = 0; i < values.size(); ++i) {
        const ir::Type& type = values[i].type();
        const std::vector<double> got = as_doubles(results[i], type);
        const std::vector<double> want = as_doubles(expected[i], type);
        double largest = 1;
        for (const double element : want) {
            largest = std::isfinite(element) ? std::max(largest, std::abs(element)) : largest;
        }
        for (std::size_t k = 0; k < want.size(); ++k) {
            const bool same = got[k] == want[k] || (std::isnan(got[k]) && std::isnan(want[k])) ||
                              std::abs(got[k] - want[k]) <= tolerance(type.dtype) * largest;
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
