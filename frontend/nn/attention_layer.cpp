#include <latent/attention_layer.h>
#include <latent/manipulation.h>

#include <fmt/format.h>

#include "frontend/nn/parameter.h"
#include "frontend/tensor/arguments.h"

namespace latent::nn {

namespace {

constexpr int head_axis = -3;
constexpr int position_axis = -2;

/// (..., n, heads * d) to (..., heads, n, d).
Tensor split_heads(const Tensor& x, std::int64_t heads, const std::source_location& location) {
    const Shape whole = x.shape();
    detail::require_rank(whole.size() + 1, "MultiHeadAttention", location);
    Shape shape(whole.span().first(whole.size() - 1), location);
    shape.push_back(heads, location);
    shape.push_back(whole.back() / heads, location);
    return swapaxes(x.reshape(shape, location), head_axis, position_axis, location);
}

/// The way back.
Tensor merge_heads(const Tensor& x, const std::source_location& location) {
    const Tensor rows = swapaxes(x, head_axis, position_axis, location);
    const Shape split = rows.shape();
    Shape shape(split.span().first(split.size() - 2), location);
    shape.push_back(split[split.size() - 2] * split.back(), location);
    return rows.reshape(shape, location);
}

}  // namespace

MultiHeadAttention MultiHeadAttention::make(const MultiHeadAttentionOptions& options, Key key,
                                            std::source_location location) {
    constexpr std::string_view layer = "MultiHeadAttention";
    detail::require_positive(options.width, "width", layer, location);
    detail::require_positive(options.heads, "heads", layer, location);
    if (options.width % options.heads != 0) {
        ir::raise<ValueError>(location, fmt::format("{}: {} heads do not divide a width of {}",
                                                    layer, options.heads, options.width));
    }
    const LinearOptions projection{.inputs = options.width,
                                   .outputs = options.width,
                                   .has_bias = options.has_bias,
                                   .weight = options.weight,
                                   .dtype = options.dtype};
    const auto [query_key, key_key, value_key, output_key] = split<4>(key);
    return {.query = Linear::make(projection, query_key, location),
            .key = Linear::make(projection, key_key, location),
            .value = Linear::make(projection, value_key, location),
            .output = Linear::make(projection, output_key, location),
            .heads = options.heads};
}

Tensor MultiHeadAttention::operator()(const Tensor& x, const AttentionOptions& options,
                                      std::source_location location) const {
    return (*this)(x, x, options, location);
}

Tensor MultiHeadAttention::operator()(const Tensor& x, const Tensor& memory,
                                      const AttentionOptions& options,
                                      std::source_location location) const {
    for (const Tensor& rows : {x, memory}) {
        if (rows.rank() < 2) {
            ir::raise<ShapeError>(location,
                                  fmt::format("MultiHeadAttention: shape {} is no (..., n, width)",
                                              to_string(rows.shape())));
        }
    }
    const Tensor attended = scaled_dot_product_attention(
        split_heads(query(x, location), heads, location),
        split_heads(key(memory, location), heads, location),
        split_heads(value(memory, location), heads, location), options, location);
    return output(merge_heads(attended, location), location);
}

}  // namespace latent::nn
