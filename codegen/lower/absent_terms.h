#pragma once

#include <optional>

#include "ir/region.h"

namespace latent::codegen {

/// Two inputs that count along a row and across rows, by one: where the first is past the second,
/// or before it, the row's terms are absent.
struct RowLimit {
    enum class Absent { past, before };
    int along_input = -1;
    int across_input = -1;
    int across_atom = -1;
    Absent absent = Absent::past;
    bool inclusive = true;  ///< the term where both are equal is there
};

/// Of a row chain: a select that puts minus infinity where a position along the row is past one of
/// the row's own, or before it, such that no reduction of the row, nor the sum over it, takes in
/// anything of those terms: they are minus infinity to a maximum and zero to a sum. (A zero weight
/// is absent: what it would multiply does not matter, be it infinite.) Terms before a position are
/// absent only where nothing is reduced along the row.
std::optional<RowLimit> find_row_limit(const ir::Region& region,
                                       const ir::Classification& classification);

}  // namespace latent::codegen
