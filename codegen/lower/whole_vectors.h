#pragma once

#include <string>
#include <vector>

#include "codegen/lower/schedule_log.h"

namespace latent::codegen {

/// Has elements that are neighbours along the loop `vector` be neighbours in scratch, so that its
/// vectors are loaded and stored as such.
void store_in_vectors(LoggedSchedule<Halide::Func>& schedule, const Halide::Func& scratch,
                      const Halide::Var& vector);

/// Results that are computed in whole vectors, by a Func between them and the output, so that only
/// the store has a guard: a second, masked copy of it, not of all that is computed.
class WholeVectors {
  public:
    WholeVectors(const std::string& name, const std::vector<Halide::Var>& loops,
                 const Halide::Tuple& results);

    Halide::Tuple at(const std::vector<Halide::Var>& loops) const;
    /// Computes one vector of `width` along the loop `vector` of these Funcs, in `loop` of
    /// `consumer`; the loops `unrolled`, of few iterations, whole.
    void compute_at(const Halide::Func& consumer, const Halide::VarOrRVar& loop,
                    const Halide::Var& vector, int width, ScheduleLog& log,
                    const std::vector<Halide::Var>& unrolled = {}) const;
    /// Computes a strip of at most `elements` along it, in vectors of `width`, into scratch. `loop`
    /// of `consumer` is the one over strips, inside which only stores are left: they are streamed.
    void stream_at(const Halide::Func& consumer, const Halide::VarOrRVar& loop,
                   const Halide::Var& vector, int elements, int width, ScheduleLog& log) const;
    /// Has `turns` turns of the vectors' loop, or of an unrolled one, computed at a time, at its
    /// end too. What is computed ahead of the loop is then computed as far as they read: scratch
    /// that nothing was written to may hold denormal numbers, and arithmetic on these is slow.
    void compute_in_multiples(const Halide::Var& loop, int turns, ScheduleLog& log) const;

  private:
    Halide::Func values_;
};

}  // namespace latent::codegen
