#pragma once

#include <latent/attention.h>
#include <latent/layers.h>
#include <latent/tensor.h>

#include <cstdint>
#include <source_location>

namespace latent::nn {

struct MultiHeadAttentionOptions {
    /// Of queries, keys, values and results.
    std::int64_t width = 0;
    std::int64_t heads = 1;
    bool has_bias = true;
    Initializer weight = initializers::glorot_uniform();
    DType dtype = DType::f32;
};

/// Attention in several heads side by side, each in its own part of the width: projections of
/// queries, keys and values, `scaled_dot_product_attention`, and a projection of the result.
/// Source: https://arxiv.org/abs/1706.03762
struct MultiHeadAttention {
    Linear query;
    Linear key;
    Linear value;
    Linear output;
    std::int64_t heads = 1;

    /// ValueError where the heads do not divide the width.
    static MultiHeadAttention make(const MultiHeadAttentionOptions& options, Key key = next_key(),
                                   std::source_location location = std::source_location::current());
    /// Of x (..., n, width) to itself. A mask broadcasts to (..., heads, n, n).
    Tensor operator()(const Tensor& x, const AttentionOptions& options = {},
                      std::source_location location = std::source_location::current()) const;
    /// Of x (..., n, width) to memory (..., m, width). A mask broadcasts to (..., heads, n, m).
    Tensor operator()(const Tensor& x, const Tensor& memory, const AttentionOptions& options = {},
                      std::source_location location = std::source_location::current()) const;
    void visit(auto&& visitor) {
        visitor("query", query, "key", key, "value", value, "output", output);
    }
};

}  // namespace latent::nn
