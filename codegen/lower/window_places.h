#pragma once

#include <Halide.h>

#include <functional>
#include <string>

#include "codegen/lower/schedule_log.h"

namespace latent::codegen {

/// How windows that are rows lie in memory, in elements of i64: the window of a row, and in it the
/// run of neighbours of a number, which counts through all dimensions of k but the innermost.
struct WindowStrides {
    std::function<Halide::Expr(const Halide::Expr& row)> row;
    std::function<Halide::Expr(const Halide::Expr& run)> run;
};

/// The places of windows, in tables of a task: rows that go on from line to line have a quotient
/// each, and the runs of a window a nest of loops, which would take as long as the terms of a few
/// runs for each register tile.
class WindowPlaces {
  public:
    /// Rows past the end of `rows` are where the last one is.
    WindowPlaces(const std::string& name, const WindowStrides& strides, const Halide::Expr& rows);

    /// The coordinate along the innermost dimension of k, whose stride is 1, of its element `k` in
    /// run `run` of the window of row `row`, where all other coordinates are 0.
    Halide::Expr at(const Halide::Expr& row, const Halide::Expr& run, const Halide::Expr& k) const;

    void compute_at(const Halide::Func& consumer, const Halide::Var& task, ScheduleLog& log) const;

  private:
    Halide::Var place_{"place"};
    Halide::Func rows_, runs_;
};

/// A lowered statement in which those coordinates are indices of 64 bits. After storage has been
/// flattened.
Halide::Internal::Stmt widen_window_places(const Halide::Internal::Stmt& statement);

}  // namespace latent::codegen
