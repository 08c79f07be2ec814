#include "ir/types.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace latent::ir {

std::int64_t element_count(std::span<const std::int64_t> shape) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) {
        if (__builtin_mul_overflow(count, extent, &count)) {
            throw ShapeError("a tensor of shape " + to_string(shape) +
                             " has more than 2^63 elements");
        }
    }
    return count;
}

Dims row_major_strides(std::span<const std::int64_t> shape) {
    Dims strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) {
        // A dimension without elements must not make the outer ones look like broadcast ones.
        strides[i - 1] = strides[i] * std::max<std::int64_t>(shape[i], 1);
    }
    return strides;
}

std::string to_string(std::span<const std::int64_t> dims) {
    return fmt::format("[{}]", fmt::join(dims, ","));
}

std::string to_string(const Type& type) {
    return std::string(name(type.dtype)) + to_string(type.shape);
}

}  // namespace latent::ir
