#include <algorithm>

#include "passes/partition/absorption.h"
#include "passes/partition/partitioner.h"

namespace latent::passes {

namespace {

/// A task takes in a block of rows, whose sums it keeps, and blocks have 64 or more. So of few rows
/// there are few tasks, which long rows would make long.
std::int64_t least_rows(std::int64_t row) {
    constexpr std::int64_t longest_of_few = 4096;
    return row <= longest_of_few ? 256 : 1024;
}

/// The fewest elements of a row, which vectors run along.
constexpr std::int64_t least_row = 64;

bool is_elementwise_result(const OpenRegion& open) {
    const OpenRegion::Instance& first = open.instance(open.results()[0].instance);
    return first.kind == ir::StageKind::elementwise && open.results()[0].scatter.empty();
}

/// Whether all that is reduced lies outside of what is kept.
bool reduces_outermost(const ir::Node& reduction) {
    const ir::Axes& axes = reduction.attributes_as<ir::ReduceAttributes>().axes;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (axes[i] != static_cast<std::int64_t>(i)) {
            return false;
        }
    }
    return true;
}

}  // namespace

/// Whether a kernel that sums over rows may store them, which then are read once for both: partial
/// sums stay in a cache beside the row, and there are enough rows for several threads. Not sums
/// over all dimensions, which run along the rows.
bool Partitioner::can_store_beside_sums(const ir::Node& rows, const ir::Node& sums) const {
    const std::int64_t row = sums.type().element_count();
    return !sums.type().shape.empty() && row > 0 && row <= options_.max_row_elements &&
           !rows.type().shape.empty() && rows.type().shape.span().back() >= least_row &&
           rows.type().element_count() / row >= least_rows(row);
}

/// Stores rows where values of the same inputs are summed: the gradient of layer_norm's operand
/// beside those of its scale and bias.
bool Partitioner::store_beside_sums(const ir::Node& node, const Requests& requests) {
    if (!ir::is_elementwise(node.op())) {
        return false;
    }
    const auto fits = [&](const OpenRegion& open) {
        const OpenRegion::Instance& sum = open.instance(open.results()[0].instance);
        return sum.kind == ir::StageKind::reduce &&
               sum.node->operand(0).type().shape == node.type().shape &&
               can_store_beside_sums(node, *sum.node) &&
               share_inputs(*sum.node->operand(0).node, node);
    };
    return join_recent(node, requests, fits, [&](OpenRegion& open) {
        const OpenRegion::Instance& sum = open.instance(open.results()[0].instance);
        const Coordinates coordinates = sum.operands[0].coordinates;
        const int instance = open.add_instance(&node, ir::StageKind::elementwise);
        for (const ir::Value& operand : node.operands()) {
            open.add_operand(instance, operand.node.get(), coordinates);
        }
        open.add_result(&node, instance, coordinates);
        return instance;
    });
}

/// The other way round, where the rows were met first.
bool Partitioner::sum_stored_rows(const ir::Node& node, const Requests& requests) {
    if (ir::category(node.op()) != ir::Category::reduce || !reduces_outermost(node)) {
        return false;
    }
    const ir::Node& operand = *node.operand(0).node;
    const std::size_t reduced = node.attributes_as<ir::ReduceAttributes>().axes.size();
    const auto fits = [&](const OpenRegion& open) {
        return is_elementwise_result(open) &&
               open.results()[0].node->type().shape == operand.type().shape &&
               can_store_beside_sums(operand, node) &&
               share_inputs(*open.results()[0].node, operand);
    };
    return join_recent(node, requests, fits, [&](OpenRegion& open) {
        const Coordinates rows = open.results()[0].coordinates;
        const auto kept_from = rows.begin() + static_cast<std::ptrdiff_t>(reduced);
        const std::vector<Coordinate> along(rows.begin(), kept_from);
        const Coordinates kept(kept_from, rows.end());
        int instance = -1;
        if (!add_reduction(open, node, kept, &along, options_, &instance).empty()) {
            return -1;
        }
        open.add_first_result(&node, instance, kept);
        return instance;
    });
}

}  // namespace latent::passes
