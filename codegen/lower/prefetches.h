#pragma once

#include <Halide.h>

#include <cstdint>
#include <string>

namespace latent::codegen {

/// `value`; what `later` would load is on its way to L2 once it has been computed. It may lie
/// anywhere. (Halide's own prefetches go to L1, past L2, and fetch what lies between the elements
/// of a buffer too where its first dimension has a stride.)
Halide::Expr with_prefetch(const Halide::Expr& value, const Halide::Expr& later);

/// A loop that is run again when it ends.
struct RepeatedLoop {
    Halide::Expr turn;   ///< its variable
    int turns_ahead;     ///< `later` is loaded so many turns later
    int elements;        ///< that the place of what is loaded moves by from turn to turn
    Halide::Expr again;  ///< what is loaded where `later` is, when the loop is run again
};

/// The same in such a loop: past its last turn come the first ones of its next run.
Halide::Expr with_prefetch(const Halide::Expr& value, const Halide::Expr& later,
                           const RepeatedLoop& loop);

/// What the line of an element is asked for: to be read, by L2, or to be written, by L1.
enum class PrefetchFor : std::uint8_t { reading, writing };

/// Asks for the cache line of element `index` of a buffer of elements of `bytes`.
Halide::Internal::Stmt prefetch(const std::string& buffer, const Halide::Expr& index, int bytes,
                                PrefetchFor use);

/// A lowered statement in which what `with_prefetch` asks for is done, once for each cache line.
Halide::Internal::Stmt insert_prefetches(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
