#pragma once

#include <latent/tensor.h>

#include <cstdint>
#include <source_location>

/// New tensors. They are as lazy as all others. The dtype is f32 unless an option or an argument
/// says otherwise.
namespace latent {

Tensor zeros(const Shape& shape, const TensorOptions& options = {},
             std::source_location location = std::source_location::current());
Tensor ones(const Shape& shape, const TensorOptions& options = {},
            std::source_location location = std::source_location::current());
/// `value` everywhere. The dtype is that of the number: bool, i64 or f32.
Tensor full(const Shape& shape, Number value, const TensorOptions& options = {},
            std::source_location location = std::source_location::current());
Tensor zeros_like(const Tensor& x, std::source_location location = std::source_location::current());
Tensor ones_like(const Tensor& x, std::source_location location = std::source_location::current());

/// Ones on the diagonal of an (n, n) matrix, else zeros.
Tensor eye(std::int64_t n, const TensorOptions& options = {},
           std::source_location location = std::source_location::current());
/// The same of an (n, m) matrix.
Tensor eye(std::int64_t n, std::int64_t m, const TensorOptions& options = {},
           std::source_location location = std::source_location::current());

/// start, start + step, ... before stop. Of integers it is i64, else f32. ValueError where `step`
/// is 0.
Tensor arange(Number start, Number stop, Number step = 1, const TensorOptions& options = {},
              std::source_location location = std::source_location::current());
/// 0, 1, ... before stop.
Tensor arange(Number stop, const TensorOptions& options = {},
              std::source_location location = std::source_location::current());
/// `count` numbers at equal distances, both ends included.
Tensor linspace(double start, double stop, std::int64_t count, const TensorOptions& options = {},
                std::source_location location = std::source_location::current());

/// A new leaf of differentiation with the value of `x`: a parameter whose first value was computed.
/// Floating dtypes only.
Tensor leaf(const Tensor& x, std::source_location location = std::source_location::current());

}  // namespace latent
