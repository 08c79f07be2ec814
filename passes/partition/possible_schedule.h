#pragma once

#include "ir/schedule.h"
#include "passes/partition/partition.h"

namespace latent::passes {

/// `schedule` for a step, without what its extents and strides do not allow: ends of rows that
/// overlap where rows are shorter than what is stored at a time; rows that are scanned or sorted
/// together where there are fewer than a block has, or, of those that are scanned, of fewer
/// elements; columns or rows that go on from line to line where the last line of columns lies
/// farther than the 32 bits in which a kernel counts them, or where there is something between the
/// lines of rows in a result.
ir::Schedule possible_schedule(const KernelStep& step, ir::Schedule schedule);

}  // namespace latent::passes
