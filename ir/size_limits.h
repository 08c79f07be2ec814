#pragma once

#include <latent/dtype.h>

#include <cstdint>
#include <span>

namespace latent::ir {

/// Whether 63 bits count the bytes of all elements of such a tensor, and those of any view of it
/// that has no extent of 0. Extents are not negative.
bool is_countable(std::span<const std::int64_t> shape, DType dtype);

}  // namespace latent::ir
