#pragma once

#include <Halide.h>

#include <cstdint>
#include <string>
#include <vector>

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

/// Of elements that lie side by side, as many as `vector` has, those whose lines are to be asked
/// for: the last of each line's worth. Wherever the first one lies, these lines and the one before
/// them, which is that of the elements before, hold all of them; asked for by the first of each,
/// the last line would be missing unless a vector begins with a line.
std::vector<int> elements_to_prefetch(const Halide::Type& vector);

/// Asks for the cache line of element `index` of a buffer of elements of `bytes`.
Halide::Internal::Stmt prefetch(const std::string& buffer, const Halide::Expr& index, int bytes,
                                PrefetchFor use);

/// A lowered statement in which what `with_prefetch` asks for is done, once for each cache line.
Halide::Internal::Stmt insert_prefetches(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
