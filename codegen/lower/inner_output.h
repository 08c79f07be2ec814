#pragma once

#include <Halide.h>

#include <string>

namespace latent::codegen {

// Halide computes the outputs of a pipeline by loops of their own. A Func that is stored as a
// result though it is computed inside of the loops of another one, which need not read it, is
// scheduled as any that is read there, and loses its storage when the loops stand.

/// `value`, computed where the call `other` of a Func is: it keeps that alive.
Halide::Expr beside(const Halide::Expr& value, const Halide::Expr& other);

/// The statement, before storage is flattened, in which the Func `name` has no storage of its own,
/// and what `beside` keeps is kept by nothing but that it is stored.
Halide::Internal::Stmt store_inner_output(const Halide::Internal::Stmt& statement,
                                          const std::string& name);

}  // namespace latent::codegen
