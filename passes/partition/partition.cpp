#include "passes/partition/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "passes/partition/absorption.h"
#include "passes/partition/canonical_step.h"
#include "passes/partition/choices_by_place.h"
#include "passes/partition/copy_parts.h"
#include "passes/partition/merged_chains.h"
#include "passes/partition/partitioner.h"
#include "passes/partition/recompute_cost.h"
#include "passes/partition/seen_through_views.h"

namespace latent::passes {

namespace {

/// Whether a reduction or contraction of a region does not vary along some dimension of results
/// that lack what it reduces, so that its loops would run again for each point along that.
bool repeats_anchor(const KernelStep& step) {
    if (!step.classification.kind || step.classification.kind == ir::Template::row_chain) {
        return false;
    }
    std::uint64_t stored = 0;
    const std::vector<ir::StrideClass>& strides = step.region.results[0].strides;
    for (std::size_t i = 0; i < step.region.atoms.size() && step.region.results[0].scatter.empty();
         ++i) {
        stored |= strides[i] == ir::StrideClass::zero ? 0 : std::uint64_t{1} << i;
    }
    const std::uint64_t all = (std::uint64_t{1} << step.region.atoms.size()) - 1;
    if (stored == all) {
        return false;
    }
    const std::vector<std::uint64_t> spans = ir::spans(step.region);
    for (std::size_t i = 0; i < step.region.stages.size(); ++i) {
        const ir::Stage& stage = step.region.stages[i];
        const bool row = stage.kind == ir::StageKind::reduce &&
                         step.classification.row_atoms != 0 && step.classification.final_atoms != 0;
        const bool anchor =
            stage.kind == ir::StageKind::contraction || stage.kind == ir::StageKind::reduce;
        if (anchor && !row && spans[i] != stored) {
            return true;
        }
    }
    return false;
}

/// Views whose row-major storage is that of the operand.
bool has_bytes_of_operand(ir::Op view) {
    return view == ir::Op::reshape || view == ir::Op::optimization_barrier;
}

/// Whether a view leaves gaps between the elements that would else lie side by side.
bool leaves_gaps(const ir::Node& view) {
    return view.op() == ir::Op::slice && view.type().shape.span().back() > 1 &&
           std::abs(view.attributes_as<ir::SliceAttributes>().step.span().back()) > 1;
}

}  // namespace

Partitioner::Partitioner(const ir::Graph& graph, const PartitionOptions& options,
                         const FusionChoices& choices)
    : options_(options),
      chosen_(graph, choices),
      order_(ir::topological_order(graph.results)),
      costs_(recompute_costs(order_)),
      from_several_(computed_from_several(order_)),
      rows_of_chains_(graph, order_, options.least_recomputed_rows) {
    for (const ir::Value& result : graph.results) {
        demand_storage(result.node.get());
        results_.push_back(result.node.get());
    }
}

Partition Partitioner::run() {
    for (std::size_t i = order_.size(); i-- > 0;) {
        place(*order_[i]);
    }
    finish();
    return std::move(partition_);
}

void Partitioner::request(int region_index, int instance, const ir::Value& value,
                          Coordinates coordinates) {
    Request request{region_index, instance, 0, std::move(coordinates), Need::any};
    request.operand =
        region(region_index).add_operand(instance, value.node.get(), request.coordinates);
    requests_[value.node.get()].push_back(std::move(request));
}

void Partitioner::read(const ir::Node& node, const Requests& requests) {
    for (const Request& request : requests) {
        region(request.region).settle_with_load(request, &node, request.coordinates);
    }
}

void Partitioner::place(const ir::Node& node) {
    Requests* found = requests_.find(&node);
    Requests requests = found == nullptr ? Requests{} : std::move(*found);
    if (requests.empty() && !must_store(node)) {
        return;
    }
    const ir::Category category = ir::category(node.op());
    if (category == ir::Category::leaf) {
        place_leaf(node, requests);
    } else if (node.type().element_count() == 0) {
        read(node, requests);  // nothing to compute, and nothing is read from it
    } else if (category == ir::Category::view) {
        place_view(node, requests);
    } else {
        place_computed(node, std::move(requests));
    }
}

void Partitioner::place_leaf(const ir::Node& node, const Requests& requests) {
    const bool in_memory = node.op() == ir::Op::parameter;
    const bool needs_buffer =
        must_store(node) ||
        std::ranges::any_of(requests, [](const Request& r) { return r.need == Need::buffer; });
    Requests all = requests;
    if (needs_buffer && !in_memory) {
        store_in_new_region(node);
        const Requests& own = requests_.at(&node);
        all.insert(all.end(), own.begin(), own.end());
    }
    for (const Request& request : all) {
        OpenRegion& open = region(request.region);
        if (node.op() == ir::Op::constant && request.need != Need::buffer) {
            open.settle_with_instance(request, open.add_instance(&node, ir::StageKind::constant));
        } else {
            open.settle_with_load(request, &node, request.coordinates);
        }
    }
}

/// Whether a computed operand of a contraction over windows, seen through a reshape, has a
/// dimension in parts of fewer than eight elements, which would be whole if it were stored as it is
/// seen. `before` are the atoms as they were.
bool Partitioner::takes_product_apart(const ir::Node& view, const Request& request,
                                      const AtomTable& before) {
    const OpenRegion& open = region(request.region);
    const OpenRegion::Instance& reader = open.instance(request.instance);
    return view.op() == ir::Op::reshape && reader.kind == ir::StageKind::contraction &&
           reads_windows(*reader.node) &&
           std::ranges::any_of(request.coordinates,
                               [&](const Coordinate& dimension) {
                                   return open.atoms().has_short_parts(dimension) &&
                                          !before.has_short_parts(dimension);
                               }) &&
           ir::category(seen_through_views(view.operand(0)).op()) != ir::Category::leaf;
}

/// A product reads its operands many times. What is reversed is stored so too: no stride would be
/// known else.
bool Partitioner::is_gathered_by_product(const ir::Node& view, const Request& request) {
    const bool reverses = view.op() == ir::Op::flip && leaves_gaps(*view.operand(0).node);
    return (leaves_gaps(view) || reverses) &&
           region(request.region).instance(request.instance).kind == ir::StageKind::contraction;
}

bool Partitioner::pass_through(const ir::Node& view, const Request& request) {
    const ir::Node& operand = *view.operand(0).node;
    const bool in_memory =
        operand.op() == ir::Op::parameter || ir::category(operand.op()) != ir::Category::leaf;
    if (request.need == Need::buffer && (!in_memory || operand.type().rank() == 0)) {
        return false;  // repeating a number or counting takes memory of its own first
    }
    OpenRegion& open = region(request.region);
    if (is_gathered_by_product(view, request)) {
        return false;
    }
    const AtomTable before = open.atoms();
    auto coordinates = through_view(view, open.atoms().expand(request.coordinates), open.atoms());
    if (!coordinates || takes_product_apart(view, request, before)) {
        open.atoms() = before;
        return false;
    }
    Request onward = request;
    onward.coordinates = std::move(*coordinates);
    if (request.need == Need::any && !keeps_whole_dimensions(view.op())) {
        onward.need = Need::address;
    }
    open.note_seen(&operand, onward.coordinates);
    requests_[&operand].push_back(std::move(onward));
    return true;
}

void Partitioner::place_view(const ir::Node& node, const Requests& requests) {
    if (must_store(node) && has_bytes_of_operand(node.op())) {
        add_alias(node, requests);
        read(node, requests);
        return;
    }
    if (must_store(node)) {
        store_in_new_region(node);
        read(node, requests);
        return;
    }
    Requests stuck;
    for (const Request& request : requests) {
        if (!pass_through(node, request)) {
            stuck.push_back(request);
        }
    }
    if (!stuck.empty()) {
        partition_.cuts.push_back(
            {&node, std::ranges::all_of(stuck,
                                        [&](const Request& request) {
                                            return is_gathered_by_product(node, request);
                                        })
                        ? "a product would gather what its gaps leave, many times"
                        : "its elements have no regular stride seen through the views above"});
        if (has_bytes_of_operand(node.op())) {
            add_alias(node, stuck);
        } else {
            store_in_new_region(node);
        }
        read(node, stuck);
    }
}

void Partitioner::place_computed(const ir::Node& node, Requests requests) {
    if (must_store(node)) {
        store(node, requests);
        return;
    }
    if (requests.size() == 1 && is_copy(requests[0]) && copy_in_parts(node, requests[0])) {
        return;
    }
    const std::string reason = chosen_.stores(node) ? "stored by choice, which was measured"
                                                    : absorb_for_all(node, requests);
    if (!reason.empty()) {
        partition_.cuts.push_back({&node, reason});
        store(node, requests);
    }
}

std::string Partitioner::absorb_for_all(const ir::Node& node, const Requests& requests) {
    const std::vector<Requests> places = by_place(requests);
    // Of padding, the place of an element says what is read, whatever that place is a sum of.
    const Need most = node.op() == ir::Op::pad ? Need::address : Need::any;
    const bool in_place =
        std::ranges::all_of(requests, [&](const Request& request) { return request.need <= most; });
    const bool several = places.size() > 1;
    const bool again = chosen_.computes_again(node);
    const bool in_rows =
        takes_rows(node, requests) && (!several || again || rows_of_chains_.contains(node));
    if (!in_place && !in_rows) {
        return "its consumer reads it from memory";
    }
    if (several && !in_rows && !again && repays_storage(node, places.size())) {
        return "several kernels need it, and computing it again costs more than storing it";
    }
    // All or nothing: what has to be stored for one consumer is read by all.
    std::map<int, OpenRegion> before;
    if (several) {
        for (const Request& request : requests) {
            before.try_emplace(request.region, region(request.region));
        }
    }
    std::vector<std::pair<int, int>> done;  // regions and instances
    for (const Requests& place : places) {
        int instance = -1;
        const std::string reason = absorb(node, place, &instance);
        if (!reason.empty()) {
            for (const auto& [taken, taken_instance] : done) {
                withdraw(taken, taken_instance);
            }
            for (auto& [index, saved] : before) {
                region(index) = std::move(saved);
            }
            return reason;
        }
        done.emplace_back(place[0].region, instance);
    }
    if (!in_place) {
        for (const Request& request : requests) {
            row_chains_.insert(request.region);
        }
    }
    return {};
}

/// Whether it costs more to compute `node` at each of several places than to store it and read it.
bool Partitioner::repays_storage(const ir::Node& node, std::size_t places) const {
    const std::int64_t elements = node.type().element_count();
    const bool repays_launch = elements >= options_.least_launched_elements;
    const bool cached =
        *from_several_.find(&node) && repays_launch && elements <= options_.most_cached_elements;
    const std::int64_t again = repays_launch ? static_cast<std::int64_t>(places - 1) : 1;
    return again * (*costs_.find(&node) - read_cost) >
           (cached ? options_.cached_recompute_cost : options_.recompute_cost);
}

/// Whether all that need `node` are row chains, or contractions that begin one by taking in its
/// rows as they are computed.
bool Partitioner::takes_rows(const ir::Node& node, const Requests& requests) {
    return std::ranges::all_of(requests, [&](const Request& request) {
        const OpenRegion& open = region(request.region);
        const OpenRegion::Instance& consumer = open.instance(request.instance);
        if (request.need == Need::any) {
            return row_chains_.contains(request.region);
        }
        return request.need == Need::buffer && consumer.kind == ir::StageKind::contraction &&
               open.results().size() == 1 && begins_row_chain(*consumer.node, node);
    });
}

/// Requests that one instance can serve, together.
std::vector<Partitioner::Requests> Partitioner::by_place(const Requests& requests) {
    std::vector<Requests> places;
    for (const Request& request : requests) {
        const auto same = std::ranges::find_if(places, [&](const Requests& place) {
            const AtomTable& atoms = region(request.region).atoms();
            return place[0].region == request.region &&
                   atoms.expand(place[0].coordinates) == atoms.expand(request.coordinates);
        });
        (same == places.end() ? places.emplace_back() : *same).push_back(request);
    }
    return places;
}

void Partitioner::withdraw(int region_index, int first_instance) {
    // Requests made by instances that are taken back.
    const OpenRegion& open = region(region_index);
    for (int i = first_instance; i < static_cast<int>(open.instance_count()); ++i) {
        for (const ir::Value& operand : open.instance(i).node->operands()) {
            if (Requests* requests = requests_.find(operand.node.get())) {
                std::erase_if(*requests, [&](const Request& request) {
                    return request.region == region_index && request.instance >= first_instance;
                });
            }
        }
    }
}

std::string Partitioner::absorb(const ir::Node& node, const Requests& place, int* instance) {
    const Request& request = place[0];
    OpenRegion& open = region(request.region);
    if (open.instance_count() >= options_.max_stages) {
        return "the kernel has grown to its largest size";
    }
    const Coordinates coordinates = open.atoms().expand(request.coordinates);
    if (node.op() != ir::Op::pad && !open.atoms().is_pure(coordinates, node.type().shape.span())) {
        return "it is read along a part of a dimension";
    }
    if (chooses_by_place(node) && !tells_places_apart(open, coordinates)) {
        return "its interleaved elements would each be computed at every place";
    }
    const bool elementwise = is_elementwise(node.op());
    if (elementwise && request.need == Need::any) {
        *instance = open.add_instance(&node, ir::StageKind::elementwise);
        for (const Request& same : place) {
            open.settle_with_instance(same, *instance);
        }
        request_operands(request.region, *instance, node, coordinates);
        return {};
    }
    // Anything else may change what kind of kernel this is: try on a copy.
    const OpenRegion before = open;
    const int first = static_cast<int>(open.instance_count());
    std::string reason;
    if (elementwise) {
        *instance = open.add_instance(&node, ir::StageKind::elementwise);
        for (const ir::Value& operand : node.operands()) {
            open.add_operand(*instance, operand.node.get(), coordinates);
        }
    } else {
        reason = add_anchor(open, node, coordinates, options_, instance);
    }
    if (reason.empty()) {
        for (const Request& same : place) {
            open.settle_with_instance(same, *instance);
        }
        const KernelStep trial = open.snapshot();
        if (repeats_anchor(trial)) {
            reason = "it would be computed again along another dimension of the result";
        } else if (!tells_choices_apart(open)) {
            reason = "interleaved elements would each be computed at every place";
        } else if (trial.classification.kind) {
            for (int i = first; i < static_cast<int>(open.instance_count()); ++i) {
                for (PendingOperand& pending : take_pending(open, i)) {
                    requests_[pending.value].push_back({request.region, i, pending.operand,
                                                        std::move(pending.coordinates),
                                                        pending.need});
                }
            }
            return {};
        } else {
            reason = trial.classification.reason;
        }
    }
    region(request.region) = before;
    return reason;
}

void Partitioner::request_operands(int region_index, int instance, const ir::Node& node,
                                   const Coordinates& coordinates) {
    for (const ir::Value& operand : node.operands()) {
        request(region_index, instance, operand, coordinates);
    }
}

void Partitioner::finish() {
    std::ranges::reverse(partition_.aliases);
    std::vector<std::vector<int>> needs;
    std::vector<KernelStep> steps;
    for (int i = 0; i < static_cast<int>(regions_.size()); ++i) {
        needs.push_back(dependences_.needs(regions_, i));
        steps.push_back(canonical(region(i).snapshot()));
        if (!steps.back().classification.kind) {
            throw InternalError(fmt::format("a region of no known kind, {}:\n{}",
                                            steps.back().classification.reason,
                                            ir::print(ir::KernelRequest{steps.back().region, {}})));
        }
    }
    merge_chains(steps, needs, options_.max_stages);
    const RegionOrder order = release_early(order_regions(needs), needs, storage_uses(steps));
    for (const int i : order.sequence) {
        partition_.steps.push_back(std::move(steps[static_cast<std::size_t>(i)]));
        partition_.levels.push_back(order.levels[static_cast<std::size_t>(i)]);
    }
}

StorageUses Partitioner::storage_uses(std::span<const KernelStep> steps) const {
    ir::NodeMap<const ir::Node*> storage_of;
    for (const Alias& alias : partition_.aliases) {
        const ir::Node* const* below = storage_of.find(alias.storage);
        storage_of[alias.value] = below == nullptr ? alias.storage : *below;
    }
    StorageUses stored;
    ir::NodeMap<int> position;
    const auto stored_below = [&](const ir::Node* value) {
        const ir::Node* const* below = storage_of.find(value);
        return below == nullptr ? value : *below;
    };
    const auto note = [&](std::vector<int>& uses, const ir::Node* value) {
        value = stored_below(value);
        if (value->op() == ir::Op::parameter) {
            return;
        }
        const auto [found, added] = position.insert(value, static_cast<int>(stored.values.size()));
        if (added) {
            stored.values.push_back({static_cast<std::int64_t>(value->type().bytes()), false});
        }
        if (std::ranges::find(uses, found) == uses.end()) {
            uses.push_back(found);
        }
    };
    for (const KernelStep& step : steps) {
        std::vector<int>& uses = stored.uses.emplace_back();
        for (const InputBinding& input : step.inputs) {
            if (input.value != nullptr) {
                note(uses, input.value);
            }
        }
        for (const ResultBinding& result : step.results) {
            note(uses, result.value);
        }
    }
    for (const ir::Node* result : results_) {
        if (const int* found = position.find(stored_below(result))) {
            stored.values[static_cast<std::size_t>(*found)].is_result = true;
        }
    }
    return stored;
}

Partition partition(const ir::Graph& graph, const PartitionOptions& options,
                    const FusionChoices& choices) {
    return Partitioner(graph, options, choices).run();
}

}  // namespace latent::passes
