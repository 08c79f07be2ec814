#include <fmt/format.h>

#include <algorithm>

#include "passes/partition/absorption.h"
#include "passes/partition/copy_parts.h"
#include "passes/partition/partitioner.h"

namespace latent::passes {

void Partitioner::store(const ir::Node& node, Requests& requests) {
    // What is stored by choice for one region divides it.
    const bool divides =
        chosen_.stores(node) && std::ranges::all_of(requests, [&](const Request& request) {
            return request.region == requests.front().region;
        });
    if (node.op() == ir::Op::scatter_add) {
        scatter_in_new_region(node);
    } else if (is_put_together(node) ||
               ((divides || !store_beside_results(node, requests)) &&
                !join_sibling(node, requests) && !store_beside_sums(node, requests) &&
                !sum_stored_rows(node, requests))) {
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
                          (open.stores_what_is_reduced(request.coordinates) &&
                           can_store_beside_sums(node, *open.results()[0].node)) ||
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
    const auto fits = [&](const OpenRegion& open) {
        const OpenRegion::Instance& first = open.instance(open.results()[0].instance);
        return first.kind == ir::StageKind::reduce &&
               first.node->operand(0).type() == operand.type() &&
               first.node->attributes() == node.attributes() &&
               share_inputs(*first.node->operand(0).node, operand) &&
               open.atoms().is_pure(open.results()[0].coordinates, node.type().shape.span());
    };
    return join_recent(node, requests, fits, [&](OpenRegion& open) {
        const std::vector<Coordinate> along = open.instance(open.results()[0].instance).along;
        const Coordinates coordinates = open.results()[0].coordinates;
        int instance = -1;
        if (!add_reduction(open, node, coordinates, &along, options_, &instance).empty()) {
            return -1;
        }
        if (open.stores_what_is_reduced(open.results().back().coordinates)) {
            open.add_first_result(&node, instance, coordinates);
        } else {
            open.add_result(&node, instance, coordinates);
        }
        return instance;
    });
}

/// Keeps a result that was added to a region with an instance that computes it, if the region is
/// still a kernel of a known kind; else it is as it was before.
bool Partitioner::keep_joined(const ir::Node& node, int index, int instance,
                              const OpenRegion& before) {
    OpenRegion& open = region(index);
    if (!open.snapshot().classification.kind) {
        open = before;
        return false;
    }
    for (PendingOperand& pending : take_pending(open, instance)) {
        requests_[pending.value].push_back(
            {index, instance, pending.operand, std::move(pending.coordinates), pending.need});
    }
    dependences_.add_writer(&node, index);
    return true;
}

/// Whether a region that reads `requests` of a node in memory, or that one waits for, prevents that
/// the node is a result of another region.
bool Partitioner::waits_for(int index, const ir::Node& node, const Requests& requests) const {
    return std::ranges::any_of(requests,
                               [&](const Request& other) {
                                   return other.region == index || depends(index, other.region);
                               }) ||
           waits_for_alias_of(index, node);
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

}  // namespace latent::passes
