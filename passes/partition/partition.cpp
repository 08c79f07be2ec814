#include "passes/partition/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "passes/partition/absorption.h"
#include "passes/partition/canonical_step.h"
#include "passes/partition/copy_parts.h"
#include "passes/partition/open_region.h"
#include "passes/partition/recompute_cost.h"
#include "passes/partition/region_dependences.h"
#include "passes/partition/row_chain.h"

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

/// How many of the newest regions are tried for a reduction that reads the same values.
constexpr int sibling_search_limit = 64;

/// One sweep over the graph from the results down. When a node is reached, all its users have been
/// placed, so every request for it is known, and so is every path from it to a region.
class Partitioner {
  public:
    Partitioner(const ir::Graph& graph, const PartitionOptions& options)
        : options_(options),
          order_(ir::topological_order(graph.results)),
          costs_(recompute_costs(order_)),
          rows_of_chains_(graph, order_, options.least_recomputed_rows) {
        for (const ir::Value& result : graph.results) {
            demand_storage(result.node.get());
        }
    }

    Partition run() {
        for (std::size_t i = order_.size(); i-- > 0;) {
            place(*order_[i]);
        }
        finish();
        return std::move(partition_);
    }

  private:
    using Requests = std::vector<Request>;

    void demand_storage(const ir::Node* node) { stored_.insert(node, true); }
    bool must_store(const ir::Node& node) const { return stored_.contains(&node); }
    OpenRegion& region(int i) { return regions_[static_cast<std::size_t>(i)]; }

    void place(const ir::Node& node);
    void place_leaf(const ir::Node& node, const Requests& requests);
    void place_view(const ir::Node& node, const Requests& requests);
    void place_computed(const ir::Node& node, Requests requests);

    void read(const ir::Node& node, const Requests& requests);
    bool pass_through(const ir::Node& view, const Request& request);
    void request(int region, int instance, const ir::Value& value, Coordinates coordinates);
    void request_operands(int region, int instance, const ir::Node& node,
                          const Coordinates& coordinates);

    /// Why `node` cannot be computed where `place`, requests that one instance can serve, asks for
    /// it; empty if it was absorbed.
    std::string absorb(const ir::Node& node, const Requests& place, int* instance);
    std::vector<Requests> by_place(const Requests& requests);
    bool takes_rows(const ir::Node& node, const Requests& requests);
    std::string absorb_for_all(const ir::Node& node, const Requests& requests);
    void store(const ir::Node& node, Requests& requests);
    bool store_beside_results(const ir::Node& node, Requests& requests);
    bool join_sibling(const ir::Node& node, const Requests& requests);
    void store_in_new_region(const ir::Node& node);
    bool is_copy(const Request& request) const;
    bool copy_in_parts(const ir::Node& node, const Request& copy);
    void scatter_in_new_region(const ir::Node& node);
    bool depends(int region, int on) const { return dependences_.depends(regions_, region, on); }
    void add_alias(const ir::Node& view, const Requests& readers);
    bool waits_for_alias_of(int region, const ir::Node& stored) const {
        return dependences_.waits_for_alias_of(regions_, region, stored);
    }
    void withdraw(int region, int first_instance);
    void finish();

    PartitionOptions options_;
    std::vector<const ir::Node*> order_;
    ir::NodeMap<int> costs_;
    RowsOfChains rows_of_chains_;
    std::set<int> row_chains_;  ///< regions
    ir::NodeMap<bool> stored_;
    ir::NodeMap<Requests> requests_;
    std::vector<OpenRegion> regions_;
    RegionDependences dependences_;
    Partition partition_;
};

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

bool Partitioner::pass_through(const ir::Node& view, const Request& request) {
    const ir::Node& operand = *view.operand(0).node;
    const bool in_memory =
        operand.op() == ir::Op::parameter || ir::category(operand.op()) != ir::Category::leaf;
    if (request.need == Need::buffer && (!in_memory || operand.type().rank() == 0)) {
        return false;  // repeating a number or counting takes memory of its own first
    }
    OpenRegion& open = region(request.region);
    const AtomTable before = open.atoms();
    auto coordinates = through_view(view, open.atoms().expand(request.coordinates), open.atoms());
    if (!coordinates) {
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
            {&node, "its elements have no regular stride seen through the views above"});
        if (has_bytes_of_operand(node.op())) {
            add_alias(node, stuck);
        } else {
            store_in_new_region(node);
        }
        read(node, stuck);
    }
}

void Partitioner::place_computed(const ir::Node& node, Requests requests) {
    std::string reason;
    if (!must_store(node)) {
        if (requests.size() == 1 && is_copy(requests[0]) && copy_in_parts(node, requests[0])) {
            return;
        }
        reason = absorb_for_all(node, requests);
        if (reason.empty()) {
            return;
        }
        partition_.cuts.push_back({&node, reason});
    }
    store(node, requests);
}

std::string Partitioner::absorb_for_all(const ir::Node& node, const Requests& requests) {
    const std::vector<Requests> places = by_place(requests);
    // Of padding, the place of an element says what is read, whatever that place is a sum of.
    const Need most = node.op() == ir::Op::pad ? Need::address : Need::any;
    const bool in_place =
        std::ranges::all_of(requests, [&](const Request& request) { return request.need <= most; });
    const bool several = places.size() > 1;
    const bool in_rows = takes_rows(node, requests) && (!several || rows_of_chains_.contains(node));
    if (!in_place && !in_rows) {
        return "its consumer reads it from memory";
    }
    if (several && !in_rows && *costs_.find(&node) > options_.recompute_cost) {
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

void Partitioner::store(const ir::Node& node, Requests& requests) {
    if (node.op() == ir::Op::scatter_add) {
        scatter_in_new_region(node);
    } else if (is_put_together(node) ||
               (!store_beside_results(node, requests) && !join_sibling(node, requests))) {
        store_in_new_region(node);
    }
    read(node, requests);
}

bool Partitioner::store_beside_results(const ir::Node& node, Requests& requests) {
    for (const Request& request : Requests(requests)) {
        OpenRegion& open = region(request.region);
        if (!open.results()[0].scatter.empty()) {
            continue;  // a scattered result stands alone
        }
        const auto here = [&](const Request& other) {
            return other.region == request.region && other.need == Need::any &&
                   open.atoms().expand(other.coordinates) ==
                       open.atoms().expand(request.coordinates);
        };
        // A kernel cannot read elsewhere what it is writing, nor wait for one that waits for it.
        const auto prevents = [&](const Request& other) {
            return other.region == request.region ? !here(other)
                                                  : depends(request.region, other.region);
        };
        const bool fits = open.stores_like_results(request.coordinates) ||
                          (row_chains_.contains(request.region) &&
                           open.stores_rows_of_results(request.coordinates));
        if (request.need != Need::any || !fits || std::ranges::any_of(requests, prevents) ||
            waits_for_alias_of(request.region, node)) {
            continue;
        }
        Requests place;
        std::ranges::copy_if(requests, std::back_inserter(place), here);
        const OpenRegion before = open;
        int instance = -1;
        if (!absorb(node, place, &instance).empty()) {
            continue;
        }
        OpenRegion& grown = region(request.region);
        grown.add_result(&node, instance, request.coordinates);
        if (!grown.snapshot().classification.kind) {
            withdraw(request.region, instance);
            grown = before;
            continue;
        }
        dependences_.add_writer(&node, request.region);
        std::erase_if(requests, here);
        return true;
    }
    return false;
}

bool Partitioner::join_sibling(const ir::Node& node, const Requests& requests) {
    if (ir::category(node.op()) != ir::Category::reduce) {
        return false;
    }
    const ir::Node& operand = *node.operand(0).node;
    const int newest = static_cast<int>(regions_.size());
    for (int candidate = std::max(0, newest - sibling_search_limit); candidate < newest;
         ++candidate) {
        OpenRegion& open = region(candidate);
        const OpenRegion::Instance& first = open.instance(open.results()[0].instance);
        if (first.kind != ir::StageKind::reduce ||
            first.node->operand(0).type() != operand.type() ||
            first.node->attributes() != node.attributes() ||
            !share_inputs(*first.node->operand(0).node, operand) ||
            !open.atoms().is_pure(open.results()[0].coordinates, node.type().shape.span())) {
            continue;
        }
        const bool cycle = std::ranges::any_of(requests, [&](const Request& other) {
            return other.region == candidate || depends(candidate, other.region);
        });
        if (cycle || waits_for_alias_of(candidate, node)) {
            continue;
        }
        const OpenRegion before = open;
        int instance = -1;
        const Coordinates coordinates = open.results()[0].coordinates;
        if (!add_reduction(open, node, coordinates, &first.along, options_, &instance).empty()) {
            region(candidate) = before;
            continue;
        }
        open.add_result(&node, instance, coordinates);
        if (!open.snapshot().classification.kind) {
            region(candidate) = before;
            continue;
        }
        for (PendingOperand& pending : take_pending(open, instance)) {
            requests_[pending.value].push_back({candidate, instance, pending.operand,
                                                std::move(pending.coordinates), pending.need});
        }
        dependences_.add_writer(&node, candidate);
        return true;
    }
    return false;
}

void Partitioner::store_in_new_region(const ir::Node& node) {
    const int index = static_cast<int>(regions_.size());
    OpenRegion& open = regions_.emplace_back();
    const Coordinates coordinates = open.atoms().add_all(node.type().shape.span());
    dependences_.add_writer(&node, index);
    // The result starts as a copy of its value, into which the computation is then absorbed as into
    // any consumer.
    const int copy = open.add_instance(&node, ir::StageKind::load);
    open.add_result(&node, copy, coordinates);
    Request first{index, copy, 0, coordinates, Need::any};
    first.operand = open.add_operand(copy, &node, coordinates);
    const ir::Category category = ir::category(node.op());
    if (category == ir::Category::leaf) {
        requests_[&node].assign(1, first);
    } else if (category == ir::Category::view) {
        if (!pass_through(node, first)) {
            throw InternalError("a view that cannot be read at all");
        }
    } else if (!copy_in_parts(node, first)) {
        int instance = -1;
        const std::string reason = absorb(node, {first}, &instance);
        if (!reason.empty()) {
            throw InternalError(fmt::format("no kernel for {}: {}", ir::name(node.op()), reason));
        }
        region(index).results()[0].instance = instance;
    }
}

/// Whether all that the region does is to copy what it requests.
bool Partitioner::is_copy(const Request& request) const {
    const OpenRegion& open = regions_[static_cast<std::size_t>(request.region)];
    return open.instance_count() == 1 && open.instance(0).kind == ir::StageKind::load &&
           open.results().size() == 1 && open.results()[0].scatter.empty();
}

/// Turns a copy of `node` into copies of what it is put together from, each a region that writes
/// its part of the result. False where the copy does not walk whole dimensions of `node`.
bool Partitioner::copy_in_parts(const ir::Node& node, const Request& copy) {
    if (!is_put_together(node)) {
        return false;
    }
    std::vector<PartialCopy> copies = partial_copies(node, region(copy.region), copy.coordinates);
    if (copies.empty()) {
        return false;
    }
    const ir::Node* result = region(copy.region).results()[0].node;
    for (std::size_t i = 0; i < copies.size(); ++i) {
        int index = copy.region;
        if (i > 0) {
            index = static_cast<int>(regions_.size());
            regions_.emplace_back();
            dependences_.add_writer(result, index);
            dependences_.add_beside(index, copy.region);
        }
        if (copies[i].overwrites_first) {
            dependences_.add_overwrite(index, copy.region);
        }
        region(index) = std::move(copies[i].region);
        copies[i].request.region = index;
        requests_[copies[i].source].push_back(std::move(copies[i].request));
    }
    return true;
}

void Partitioner::scatter_in_new_region(const ir::Node& node) {
    // First a copy of the operand, then a kernel that adds the updates to it in place.
    const int copy_index = static_cast<int>(regions_.size());
    {
        OpenRegion& open = regions_.emplace_back();
        const Coordinates coordinates = open.atoms().add_all(node.type().shape.span());
        const int copy = open.add_instance(&node, ir::StageKind::load);
        open.add_result(&node, copy, coordinates);
        request(copy_index, copy, node.operand(0), coordinates);
    }
    OpenRegion& open = regions_.emplace_back();
    const int instance = add_scatter(open, node);
    for (PendingOperand& pending : take_pending(open, instance)) {
        requests_[pending.value].push_back({copy_index + 1, instance, pending.operand,
                                            std::move(pending.coordinates), pending.need});
    }
    dependences_.add_writer(&node, copy_index);
    dependences_.add_writer(&node, copy_index + 1);
    dependences_.add_overwrite(copy_index + 1, copy_index);
}

void Partitioner::add_alias(const ir::Node& view, const Requests& readers) {
    const ir::Node* stored = view.operand(0).node.get();
    demand_storage(stored);
    partition_.aliases.push_back({&view, stored});
    std::vector<int> regions;
    for (const Request& reader : readers) {
        regions.push_back(reader.region);
    }
    dependences_.add_alias(view, std::move(regions));
}

void Partitioner::finish() {
    std::ranges::reverse(partition_.aliases);
    const RegionOrder order = dependences_.order(regions_);
    for (const int i : order.sequence) {
        KernelStep step = canonical(region(i).snapshot());
        if (!step.classification.kind) {
            throw InternalError(fmt::format("a region of no known kind, {}:\n{}",
                                            step.classification.reason,
                                            ir::print(ir::KernelRequest{step.region, {}})));
        }
        partition_.steps.push_back(std::move(step));
        partition_.levels.push_back(order.levels[static_cast<std::size_t>(i)]);
    }
}

}  // namespace

Partition partition(const ir::Graph& graph, const PartitionOptions& options) {
    return Partitioner(graph, options).run();
}

}  // namespace latent::passes
