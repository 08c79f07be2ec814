#include "frontend/execution/fusion_space.h"

#include <algorithm>

#include "frontend/execution/planning.h"
#include "ir/hash.h"
#include "ir/op.h"

namespace latent::detail {

namespace {

/// Terms that a position hides may be left out of the rows of a chain; lowering decides where.
bool may_leave_out_terms(const passes::KernelStep& step) {
    const auto selects = [](const ir::Stage& stage) { return stage.op == ir::Op::select; };
    const auto counts = [](const ir::RegionInput& input) {
        return input.kind == ir::InputKind::affine;
    };
    return step.classification.kind == ir::Template::row_chain &&
           std::ranges::any_of(step.region.stages, selects) &&
           std::ranges::any_of(step.region.inputs, counts);
}

/// The loops over the terms of a stage, as far as they decide its order: neighbours that are one
/// loop whatever they were made of are one.
NodeSum sum_of(const passes::StageOrigin& origin, passes::SummationOrder order) {
    NodeSum sum;
    const bool is_one_chain = order.vector_atom < 0 && !order.blocks && !order.form;
    std::vector<int> atoms;
    for (const passes::TermLoop& term : origin.terms) {
        if (term.extent == 1) {
            continue;
        }
        const auto found = std::ranges::find(atoms, term.atom);
        const NodeSum::Loop loop{is_one_chain ? 0 : static_cast<int>(found - atoms.begin()),
                                 term.dimension, term.step, term.extent};
        if (found == atoms.end()) {
            atoms.push_back(term.atom);
        }
        NodeSum::Loop* before = sum.loops.empty() ? nullptr : &sum.loops.back();
        if (before != nullptr && before->group == loop.group &&
            before->dimension == loop.dimension && before->step == loop.step * loop.extent) {
            before->step = loop.step;
            before->extent *= loop.extent;
        } else {
            sum.loops.push_back(loop);
        }
    }
    if (order.vector_atom >= 0) {
        const auto found = std::ranges::find(atoms, order.vector_atom);
        order.vector_atom = static_cast<int>(found - atoms.begin());
    }
    sum.order = order;
    return sum;
}

bool contains(const std::vector<std::uint32_t>& positions, std::uint32_t position) {
    return std::ranges::binary_search(positions, position);
}

void insert(std::vector<std::uint32_t>& positions, std::uint32_t position) {
    positions.insert(std::ranges::lower_bound(positions, position), position);
}

/// How a step may come to another set of values: by storing one that it computes inside, or by
/// computing one that is stored.
struct Candidate {
    const ir::Node* value = nullptr;
    bool store = false;
    int rank = 0;  ///< the smaller, the likelier it matters
};

/// The uses of each stage inside of its region.
std::vector<int> uses_inside(const ir::Region& region) {
    std::vector<int> uses(region.stages.size());
    for (const ir::Stage& stage : region.stages) {
        for (const int operand : stage.operands) {
            ++uses[static_cast<std::size_t>(operand)];
        }
    }
    return uses;
}

bool takes_several_terms(const ir::Stage& stage) {
    return stage.kind == ir::StageKind::reduce || stage.kind == ir::StageKind::contraction;
}

}  // namespace

FusionSpace::FusionSpace(ir::Graph graph, const ir::Machine& machine)
    : graph_(std::move(graph)), machine_(machine) {
    for (const ir::CanonicalNode& entry : ir::canonical_order(graph_.results)) {
        positions_[entry.node] = static_cast<std::uint32_t>(order_.size());
        order_.push_back(entry.node);
    }
    for (const ir::Value& result : graph_.results) {
        results_[result.node.get()] = true;
    }
    usual_ = sums_of(passes::partition(graph_));
}

FusionSpace::Sums FusionSpace::sums_of(const passes::Partition& partition) const {
    Sums sums;
    for (const passes::KernelStep& step : partition.steps) {
        std::vector<const ir::Node*> results;
        for (const passes::ResultBinding& result : step.results) {
            results.push_back(result.value);
        }
        if (std::ranges::none_of(step.region.stages, passes::depends_on_order)) {
            continue;
        }
        const auto orders = passes::summation_orders(
            step.region, step.classification, default_schedule_of(step, machine_), step.extents);
        for (std::size_t i = 0; i < orders.size(); ++i) {
            if (!orders[i]) {
                continue;
            }
            NodeSum sum = sum_of(step.origins[i], *orders[i]);
            if (may_leave_out_terms(step)) {
                sum.leaves_out = step.region;
            }
            sums[step.origins[i].node].push_back({results, std::move(sum)});
        }
    }
    return sums;
}

bool FusionSpace::has_same_sums(const passes::Partition& partition) const {
    return std::ranges::all_of(sums_of(partition), [&](const auto& entry) {
        const auto& [node, sums] = entry;
        const auto usual = usual_.find(node);
        if (usual == usual_.end()) {
            return false;
        }
        const NodeSum& first = usual->second.front().sum;
        const auto is_first = [&](const PlacedSum& placed) { return placed.sum == first; };
        // Where kernels differ already, each must stay as it is.
        return std::ranges::all_of(usual->second, is_first)
                   ? std::ranges::all_of(sums, is_first)
                   : std::ranges::is_permutation(sums, usual->second);
    });
}

std::optional<passes::Partition> FusionSpace::partition(
    const passes::FusionChoices& choices) const {
    passes::Partition partition = passes::partition(graph_, {}, choices);
    return choices.empty() || has_same_sums(partition) ? std::optional(std::move(partition))
                                                       : std::nullopt;
}

std::vector<passes::FusionChoices> FusionSpace::neighbours(const passes::FusionChoices& choices,
                                                           const passes::Partition& partition,
                                                           std::size_t step) const {
    const passes::KernelStep& here = partition.steps[step];
    ir::NodeMap<int> computed_in;  // so many steps
    ir::NodeMap<bool> stored;
    for (const passes::KernelStep& other : partition.steps) {
        for (const ir::Node* node : other.nodes) {
            ++computed_in[node];
        }
        for (const passes::ResultBinding& result : other.results) {
            stored[result.value] = true;
        }
    }
    std::vector<Candidate> candidates;
    const auto add = [&](const ir::Node* value, bool store, int rank) {
        const ir::Category category = ir::category(value->op());
        const bool is_computed = category != ir::Category::leaf && category != ir::Category::view;
        const bool is_known =
            std::ranges::find(candidates, value, &Candidate::value) != candidates.end();
        if (is_computed && !is_known && !results_.contains(value) && value->type().rank() > 0) {
            candidates.push_back({value, store, rank});
        }
    };
    for (const passes::InputBinding& input : here.inputs) {
        if (input.value != nullptr && positions_.contains(input.value)) {
            add(input.value, false, 1);
        }
    }
    for (const passes::ResultBinding& result : here.results) {
        add(result.value, false, 1);
    }
    const std::vector<int> uses = uses_inside(here.region);
    const auto add_inside = [&](std::size_t stage, int rank) {
        const ir::Node* value = here.origins[stage].node;
        const int* steps = value == nullptr ? nullptr : computed_in.find(value);
        if (steps != nullptr && !stored.contains(value)) {
            add(value, true, *steps > 1 ? 0 : rank);
        }
    };
    // Of a chain the last value spares its users the most.
    for (std::size_t i = here.region.stages.size(); i-- > 0;) {
        const ir::Stage& stage = here.region.stages[i];
        if (takes_several_terms(stage)) {
            add_inside(static_cast<std::size_t>(stage.operands[0]), 2);
            add_inside(i, 2);
        } else if (stage.kind == ir::StageKind::elementwise) {
            const bool is_border = uses[i] > 1 || ir::is_transcendental(stage.op);
            add_inside(i, is_border ? 3 : 4);
        }
    }
    std::ranges::stable_sort(candidates, {}, &Candidate::rank);

    std::vector<passes::FusionChoices> result;
    for (const Candidate& candidate : candidates) {
        const std::uint32_t position = *positions_.find(candidate.value);
        passes::FusionChoices neighbour = choices;
        auto& undone = candidate.store ? neighbour.computed_again : neighbour.stored;
        if (contains(undone, position)) {
            std::erase(undone, position);
        } else {
            insert(candidate.store ? neighbour.stored : neighbour.computed_again, position);
        }
        result.push_back(std::move(neighbour));
    }
    return result;
}

}  // namespace latent::detail
