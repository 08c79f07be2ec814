#pragma once

#include <vector>

#include "passes/partition/open_region.h"

namespace latent::passes {

/// A region that copies one of the values that a node is put together from to its place in a
/// result, and what it requests. The place of the region among others is the caller's to fill in.
struct PartialCopy {
    OpenRegion region;
    Request request;
    const ir::Node* source = nullptr;
    bool overwrites_first = false;  ///< changes what the first copy wrote
};

/// Whether storing the node is copying its operands to places of their own: a concatenation,
/// operands that are interleaved, or elements spread with others between them.
bool is_put_together(const ir::Node& node);

/// Copies that together do what `whole` does, a region that is nothing but a copy of `node`, which
/// it requests at `coordinates`. None where those do not walk the dimensions of `node` so that the
/// parts can be told from each other.
std::vector<PartialCopy> partial_copies(const ir::Node& node, const OpenRegion& whole,
                                        const Coordinates& coordinates);

}  // namespace latent::passes
