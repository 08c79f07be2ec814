#pragma once

#include <span>
#include <vector>

#include "ir/graph.h"
#include "ir/hash.h"
#include "ir/small_vector.h"

namespace latent::detail {

/// What of a user's graph an evaluation needs: its nodes in canonical order, which of them it
/// computes for good, and a key that is equal for every call of the same structure. Alive as long
/// as nobody lets the graph forget (see graph_lock.h).
struct ExtractedGraph {
    ir::Hash128 key;
    ir::SmallVector<ir::CanonicalNode, 32> order;
    /// Data, and numbers that the user wrote, in order.
    ir::SmallVector<const ir::Node*, 16> inputs;
    /// The pending roots, and the pending values that user handles name and that are not cheap to
    /// compute again, in order.
    std::vector<ir::Value> wanted;
    /// Another evaluation computes something of it.
    bool is_claimed = false;
};

/// Extracts one graph after the other in the same memory: fresh pages cost more than the walk over
/// a graph of a hundred thousand nodes. That of larger graphs is not kept.
class Extractor {
  public:
    /// Walks from `roots` down to what is ready. The result lasts until the next call.
    ExtractedGraph& extract(std::span<const ir::Value> roots);

  private:
    ir::CanonicalWalk walk_;
    ir::SmallVector<int, 64> costs_;  ///< by position
    ExtractedGraph extracted_;
};

/// The same in memory of its own.
ExtractedGraph extract(std::span<const ir::Value> roots);

/// The same operations over parameters in place of the inputs, so that the graph and all that is
/// made of it serve every call of the same structure. Results are those wanted.
ir::Graph detach(const ExtractedGraph& extracted);

}  // namespace latent::detail
