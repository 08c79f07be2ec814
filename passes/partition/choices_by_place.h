#pragma once

#include "passes/partition/open_region.h"

namespace latent::passes {

/// Whether what a node is along its last dimension, of a few elements, is told by the place there:
/// rows of interleaved elements. Each of these is computed at every place unless the code of a
/// kernel tells them apart.
bool chooses_by_place(const ir::Node& node);

/// Whether a kernel would tell the places along the last of `coordinates` apart: where its loop
/// over them is unrolled, since rows of so few elements lie side by side in its results, or are
/// reduced.
bool tells_places_apart(const OpenRegion& region, const Coordinates& coordinates);

/// Whether it would for all that it chooses.
bool tells_choices_apart(const OpenRegion& region);

}  // namespace latent::passes
