#pragma once

#include <Halide.h>

namespace latent::codegen {

/// A lowering pass: loops that read across a small block of memory, a column of it in each turn,
/// and store what they read as a vector, become transposes in registers. The block is loaded by
/// whole vectors, which are interleaved; Halide alone would load element by element. No value
/// changes.
class BlockTransposes : public Halide::Internal::IRMutator {
  public:
    /// Whether blocks of `size` vectors of `size` elements are transposed.
    static bool is_made_for(Halide::Type element, int size);

  private:
    using IRMutator::visit;
    Halide::Internal::Stmt visit(const Halide::Internal::For* loop) override;
};

}  // namespace latent::codegen
