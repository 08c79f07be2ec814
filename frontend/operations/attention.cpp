#include <latent/attention.h>

#include <fmt/format.h>
#include <latent/activations.h>
#include <latent/linalg.h>
#include <latent/manipulation.h>

#include <array>
#include <cmath>
#include <limits>

#include "frontend/operations/softmax.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::expression;
using detail::wrap;
using ir::Op;

void check_shapes(const Expression& query, const Expression& key, const Expression& value) {
    const bool fit = query.rank() >= 2 && key.rank() >= 2 && value.rank() >= 2 &&
                     query.extent(query.rank() - 1) == key.extent(key.rank() - 1) &&
                     key.extent(key.rank() - 2) == value.extent(value.rank() - 2);
    if (!fit) {
        ir::raise<ShapeError>(
            query.location(),
            fmt::format("scaled_dot_product_attention: query {}, key {} and value {} do not fit",
                        to_string(query.shape()), to_string(key.shape()),
                        to_string(value.shape())));
    }
}

/// Scores with minus infinity where a query does not see a key.
Expression masked(const Expression& scores, const AttentionOptions& options) {
    constexpr std::string_view op = "scaled_dot_product_attention";
    const Expression hidden = detail::literal(-std::numeric_limits<double>::infinity(), scores);
    Expression result = scores;
    if (options.mask) {
        const Expression mask = expression(*options.mask, scores.location());
        const Expression repeated = detail::broadcast_to(mask, scores.shape().span(), op);
        if (mask.dtype() != DType::boolean && !is_floating(mask.dtype())) {
            ir::raise<TypeError>(scores.location(),
                                 fmt::format("{}: the mask must be bool or floating, got {}", op,
                                             name(mask.dtype())));
        }
        result = mask.dtype() == DType::boolean ? detail::select(repeated, scores, hidden)
                                                : scores + detail::cast(repeated, scores.dtype());
    }
    if (options.causal) {
        const auto position = [&](std::int64_t axis) {
            return detail::positions(DType::i32, scores.shape().span(),
                                     static_cast<std::size_t>(axis), scores.location());
        };
        const Expression is_later = position(scores.rank() - 1) > position(scores.rank() - 2);
        result = detail::select(is_later, hidden, result);
    }
    return result;
}

/// The softmax along the last axis; of nothing but minus infinity it is zeros.
Expression softmax_of_seen(const Expression& scores) {
    const ir::Axes last{scores.rank() - 1};
    const auto parts = detail::shifted_exponentials(scores, last);
    const Expression largest = detail::reduce(Op::reduce_max, scores, last);
    const Expression is_seen =
        largest != detail::literal(-std::numeric_limits<double>::infinity(), largest);
    return detail::select(detail::repeat_like(is_seen, scores, last),
                          parts.exponentials / detail::repeat_like(parts.sum, scores, last),
                          detail::literal(0, scores));
}

/// The angles (positions, pairs) that pairs of coordinates are rotated by. They are taken in f64:
/// far positions make large angles.
Expression rotary_angles(std::int64_t positions, std::int64_t pairs, const RotaryOptions& options,
                         const std::source_location& location) {
    const ir::Shape shape{positions, pairs};
    const Expression position = detail::positions(DType::f64, shape.span(), 0, location);
    const Expression pair = detail::positions(DType::f64, shape.span(), 1, location);
    const double decay = std::log(options.base) / static_cast<double>(pairs);
    return (position + detail::scalar(static_cast<double>(options.first_position), position)) *
           detail::exp(-pair * detail::scalar(decay, pair));
}

Expression rotated(const Expression& x, const RotaryOptions& options) {
    // Pairs become an axis of extent 2, before or after the axis of their positions.
    const std::int64_t last = x.rank() - 1;
    const std::int64_t pairs = x.extent(last) / 2;
    const std::int64_t axis = options.pairs == RotaryPairs::halves ? last : last + 1;
    ir::Shape split = x.shape();
    split[static_cast<std::size_t>(last)] = pairs;
    split.insert(static_cast<std::size_t>(axis), 2);
    const Expression coordinates = detail::reshape(x, split.span());
    const auto coordinate = [&](std::int64_t i) {
        return detail::slice(coordinates, static_cast<std::size_t>(axis), i, i + 1);
    };
    const Expression angles = detail::keep_dimensions(
        rotary_angles(x.extent(last - 1), pairs, options, x.location()), {axis - last + 1});
    const Expression cosine = detail::cast(detail::apply(Op::cos, angles), x.dtype());
    const Expression sine = detail::cast(detail::apply(Op::sin, angles), x.dtype());
    const std::array turned{coordinate(0) * cosine - coordinate(1) * sine,
                            coordinate(0) * sine + coordinate(1) * cosine};
    return detail::reshape(detail::concat(turned, axis), x.shape().span());
}

}  // namespace

Tensor scaled_dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                                    const AttentionOptions& options,
                                    std::source_location location) {
    const Expression queries = detail::floating(query, location);
    const Expression keys = expression(key, location);
    const Expression values = expression(value, location);
    check_shapes(queries, keys, values);
    const DType dtype = promote(promote(queries.dtype(), keys.dtype()), values.dtype());
    return wrap(detail::rounded_once(
        [&](const Expression& q, const Expression& k, const Expression& v) {
            const double scale =
                options.scale.value_or(1 / std::sqrt(static_cast<double>(q.extent(q.rank() - 1))));
            // The queries are scaled, for they are fewer than the scores.
            const Tensor products =
                matmul(wrap(q * detail::scalar(scale, q)), transpose(wrap(k), location), location);
            const Expression scores = masked(expression(products, location), options);
            const Tensor weights =
                options.mask ? wrap(softmax_of_seen(scores)) : softmax(wrap(scores), -1, location);
            return expression(matmul(weights, wrap(v), location), location);
        },
        detail::cast(queries, dtype), detail::cast(keys, dtype), detail::cast(values, dtype)));
}

Tensor rotary_embedding(const Tensor& tensor, const RotaryOptions& options,
                        std::source_location location) {
    const Expression x = detail::floating(tensor, location);
    if (x.rank() < 2 || x.extent(x.rank() - 1) % 2 != 0) {
        ir::raise<ShapeError>(
            location,
            fmt::format("rotary_embedding: shape {} is not (..., positions, an even extent)",
                        to_string(x.shape())));
    }
    if (!(options.base > 0)) {
        ir::raise<ValueError>(
            location,
            fmt::format("rotary_embedding: the base must be positive, got {}", options.base));
    }
    return wrap(detail::rounded_once(
        [&](const Expression& vectors) { return rotated(vectors, options); }, x));
}

}  // namespace latent
