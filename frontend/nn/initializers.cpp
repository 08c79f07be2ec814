#include <latent/creation.h>
#include <latent/elementwise.h>
#include <latent/initializers.h>
#include <latent/linalg.h>
#include <latent/manipulation.h>
#include <latent/reductions.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "frontend/tensor/arguments.h"

namespace latent::nn::initializers {

namespace {

void require_deviation(double deviation, std::string_view name,
                       const std::source_location& location) {
    if (!(deviation >= 0)) {
        ir::raise<ValueError>(
            location,
            fmt::format("{}: the deviation must not be negative, got {}", name, deviation));
    }
}

Tensor uniform_of_deviation(Key key, const Shape& shape, double deviation, DType dtype) {
    const double limit = std::sqrt(3.0) * deviation;
    return latent::uniform(key, shape, {.dtype = dtype}) * (2 * limit) - limit;
}

double glorot_deviation(const Fans& fans) {
    return std::sqrt(2.0 / static_cast<double>(fans.in + fans.out));
}

double he_deviation(const Fans& fans) {
    return std::sqrt(2.0 / static_cast<double>(fans.in));
}

/// Orthonormal columns, (rows, columns) with rows >= columns: the first columns of H_1 H_2 ... D,
/// where reflection H_k takes a random vector, which begins at position k, to a multiple of the
/// k-th axis, and D holds the signs of these multiples.
Tensor orthonormal_columns(Key key, std::int64_t rows, std::int64_t columns, DType dtype) {
    const Tensor random = tril(latent::normal(key, {rows, columns}, {.dtype = dtype}));
    const Tensor unit = eye(rows, columns, {.dtype = dtype});
    const Tensor signs = where(random < 0, -unit, unit);
    // Of the reflections; what is added has the sign of the element, so that no digits are lost.
    const Tensor axes = random + signs * sqrt(square(random).sum(0));
    const Tensor normals = axes / sqrt(square(axes).sum(0));
    Tensor result = -signs;
    for (std::int64_t k = columns - 1; k >= 0; --k) {
        const Tensor normal = normals.select(1, k);
        result = result - 2 * outer(normal, matmul(normal, result));
    }
    return result;
}

}  // namespace

Initializer zeros() {
    return [](Key, const Shape& shape, const Fans&, DType dtype) {
        return latent::zeros(shape, {.dtype = dtype});
    };
}

Initializer ones() {
    return [](Key, const Shape& shape, const Fans&, DType dtype) {
        return latent::ones(shape, {.dtype = dtype});
    };
}

Initializer constant(double value) {
    return [value](Key, const Shape& shape, const Fans&, DType dtype) {
        return full(shape, value, {.dtype = dtype});
    };
}

Initializer uniform(double low, double high, std::source_location location) {
    if (!(low <= high)) {
        ir::raise<ValueError>(location, fmt::format("uniform: [{}, {}) is no interval", low, high));
    }
    return [low, high](Key key, const Shape& shape, const Fans&, DType dtype) {
        return latent::uniform(key, shape, {.dtype = dtype}) * (high - low) + low;
    };
}

Initializer normal(double deviation, double mean, std::source_location location) {
    require_deviation(deviation, "normal", location);
    return [deviation, mean](Key key, const Shape& shape, const Fans&, DType dtype) {
        return latent::normal(key, shape, {.dtype = dtype}) * deviation + mean;
    };
}

Initializer truncated_normal(double deviation, double mean, std::source_location location) {
    require_deviation(deviation, "truncated_normal", location);
    return [deviation, mean](Key key, const Shape& shape, const Fans&, DType dtype) {
        return latent::truncated_normal(key, shape, -2, 2, {.dtype = dtype}) * deviation + mean;
    };
}

Initializer glorot_uniform() {
    return [](Key key, const Shape& shape, const Fans& fans, DType dtype) {
        return uniform_of_deviation(key, shape, glorot_deviation(fans), dtype);
    };
}

Initializer glorot_normal() {
    return [](Key key, const Shape& shape, const Fans& fans, DType dtype) {
        return latent::normal(key, shape, {.dtype = dtype}) * glorot_deviation(fans);
    };
}

Initializer he_uniform() {
    return [](Key key, const Shape& shape, const Fans& fans, DType dtype) {
        return uniform_of_deviation(key, shape, he_deviation(fans), dtype);
    };
}

Initializer he_normal() {
    return [](Key key, const Shape& shape, const Fans& fans, DType dtype) {
        return latent::normal(key, shape, {.dtype = dtype}) * he_deviation(fans);
    };
}

Initializer orthogonal(double gain, std::source_location location) {
    return [gain, location](Key key, const Shape& shape, const Fans&, DType dtype) {
        if (shape.size() < 2) {
            ir::raise<ShapeError>(location,
                                  fmt::format("orthogonal: shape {} has fewer than two dimensions",
                                              to_string(shape)));
        }
        const std::int64_t rows = shape[0];
        std::int64_t columns = 1;
        for (std::size_t i = 1; i < shape.size(); ++i) {
            columns *= shape[i];
        }
        const Tensor tall =
            orthonormal_columns(key, std::max(rows, columns), std::min(rows, columns), dtype);
        return ((rows < columns ? tall.transpose() : tall) * gain).reshape(shape);
    };
}

}  // namespace latent::nn::initializers
