#pragma once

#include <latent/tensor.h>

#include <cstdint>
#include <optional>
#include <source_location>

namespace latent {

struct AttentionOptions {
    /// Which keys a query sees: bool, true where it does, or floating numbers that are added to the
    /// scores. Broadcasts to (..., queries, keys).
    std::optional<Tensor> mask = std::nullopt;
    /// Query i sees keys 0 to i only.
    bool causal = false;
    /// What scores are multiplied by; 1 / sqrt(d) by default.
    std::optional<double> scale = std::nullopt;
};

/// softmax(query * key^T * scale) * value of query (..., queries, d), key (..., keys, d) and value
/// (..., keys, e); leading dimensions broadcast. A query that sees no key gets zeros. ShapeError
/// where shapes do not fit. Source: https://arxiv.org/abs/1706.03762
Tensor scaled_dot_product_attention(
    const Tensor& query, const Tensor& key, const Tensor& value,
    const AttentionOptions& options = {},
    std::source_location location = std::source_location::current());

/// Which elements of a vector of d are the two coordinates that rotate together.
enum class RotaryPairs {
    halves,       ///< i and i + d / 2
    interleaved,  ///< 2 i and 2 i + 1
};
struct RotaryOptions {
    double base = 10'000;
    /// The position of the first vector.
    std::int64_t first_position = 0;
    RotaryPairs pairs = RotaryPairs::halves;
};
/// Rotary position embedding: in the vector at position p of (..., positions, d), pair i is rotated
/// by p / base^(2 i / d). ShapeError where d is odd. Source: https://arxiv.org/abs/2104.09864
Tensor rotary_embedding(const Tensor& x, const RotaryOptions& options = {},
                        std::source_location location = std::source_location::current());

}  // namespace latent
