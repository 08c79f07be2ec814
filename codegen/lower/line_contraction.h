#pragma once

#include "codegen/lower/packed_contraction.h"

namespace latent::codegen {

/// Builds and schedules a contraction whose register tiles go on from line to line, as a
/// convolution of narrow images needs: whole tiles of each line would have much of the last one
/// wasted. Columns are numbered through a block of lines as they lie in memory, with those that no
/// line has in between; all are summed, in tiles, to scratch, and the result is read from there
/// line by line.
///
/// `spec.line` is the outer dimension of the lines, along which B has the stride `line_stride` (in
/// elements; all lines within 2^31) and A none; B is contiguous along its columns and read past the
/// last of them, by less than a tile and a vector. Nothing is packed. Each element is the chain of
/// fused multiply-adds that `build_contraction` makes.
Halide::Func build_line_contraction(const ContractionSpec& spec, const Halide::Expr& line_stride,
                                    ScheduleLog& log);

}  // namespace latent::codegen
