#pragma once

#include <string>
#include <vector>

#include "passes/partition/open_region.h"

namespace latent::passes {

/// An operand that an instance added by the functions below still needs.
struct PendingOperand {
    const ir::Node* value = nullptr;
    int operand = 0;
    Coordinates coordinates;
    Need need = Need::any;
};

/// The pending operands of an instance, for the caller to request.
std::vector<PendingOperand> take_pending(const OpenRegion& region, int instance);

/// Adds the stages of a reduction, contraction or indexed op whose result is wanted at
/// `coordinates`. Gives the instance of the result, or the reason why that cannot be (the region
/// may then be left half changed: keep a copy).
std::string add_anchor(OpenRegion& region, const ir::Node& node, const Coordinates& coordinates,
                       const PartitionOptions& options, int* instance);

/// As `add_anchor` for a reduction; over the dimensions `along` instead of found or new ones where
/// given.
std::string add_reduction(OpenRegion& region, const ir::Node& node, const Coordinates& coordinates,
                          const std::vector<Coordinate>* along, const PartitionOptions& options,
                          int* instance);

/// Makes an empty region one that adds the updates of a scatter_add to its result in place.
int add_scatter(OpenRegion& region, const ir::Node& node);

/// Whether both values are elementwise computed from one that is more than a number.
bool share_inputs(const ir::Node& a, const ir::Node& b);

}  // namespace latent::passes
