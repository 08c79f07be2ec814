#pragma once

#include "codegen/lower/lowering.h"

namespace latent::codegen {

/// `value`, computed from what is read at these coordinates; what is read there
/// `Schedule::read_ahead` elements later is asked for. What repeats along one of the `loops` is in
/// a cache.
Halide::Expr asking_ahead(Lowering& lowering, Halide::Expr value, Coordinates at,
                          std::uint64_t loops);

}  // namespace latent::codegen
