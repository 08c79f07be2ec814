#pragma once

#include <cstdint>
#include <span>

#include "ir/region.h"
#include "ir/schedule.h"

namespace latent::passes {

/// Has rows that come from memory, and of which nothing but what they are reduced to is stored,
/// asked for ahead: left to itself, a processor may read one stream at two thirds of its pace.
void choose_read_ahead(ir::Schedule& schedule, const ir::Region& region,
                       const ir::Classification& classification, const ir::Machine& machine,
                       std::span<const std::int64_t> extents);

/// Has several rows taken in before their sums are stored (`row_atom`, `tile_rows`), where vectors
/// run across the rows and what these are computed from takes less time than to read and store the
/// sums. Long rows that come from memory are asked for ahead. Changes no order of arithmetic.
void choose_rows_at_a_time(ir::Schedule& schedule, const ir::Region& region,
                           const ir::Classification& classification, const ir::Machine& machine,
                           std::span<const std::int64_t> extents);

/// Elements of a strip of the results of a pointwise or row schedule that may be stored past the
/// caches; 0 where none may be: where vectors run along what does not lie in memory one after the
/// other, or across rows.
int strip_of_results(const ir::Schedule& schedule, const ir::Region& region);

/// Has results stored past the caches where all that the kernel reads and writes is more than twice
/// what the last of them holds, for then hardly any of it is there when it is read, or stored to,
/// again; and where memory, not arithmetic, is what the kernel waits for. Rows of any length begin
/// and end inside of cache lines, which are stored in two parts as ever: those of 1 KiB or more,
/// few of whose lines these are, are so stored from eight times the cache on.
void choose_result_strip(ir::Schedule& schedule, const ir::Region& region,
                         const ir::Machine& machine, std::span<const std::int64_t> extents);

}  // namespace latent::passes
