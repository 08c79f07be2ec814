#include <algorithm>
#include <cstdlib>
#include <functional>
#include <numeric>

#include "passes/partition/region_writer.h"

// In which order the loops of a written region run.

namespace latent::passes {

std::vector<int> RegionWriter::walk(const Coordinates& coordinates) const {
    std::vector<int> result;
    for (const Coordinate& dim : atoms_.expand(coordinates)) {
        for (const ir::AtomTerm& term : dim.terms) {
            if (std::ranges::find(result, term.atom) == result.end() &&
                !open_.is_source_atom(term.atom)) {
                result.push_back(term.atom);
            }
        }
    }
    return result;
}

/// The places of `atoms` in their list, from the one that moves farthest in what is loaded on.
std::vector<std::size_t> RegionWriter::memory_order(const WrittenLoad& load,
                                                    std::span<const int> atoms) const {
    std::int64_t offset = 0;
    const std::vector<std::int64_t> strides =
        strides_of(load.value, load.kind, load.coordinates, atoms, offset);
    std::vector<std::size_t> order(atoms.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](std::size_t place) { return std::abs(strides[place]); });
    return order;
}

/// In the order in which what an indexed instance reads lies in memory.
std::vector<int> RegionWriter::walk_index(std::size_t instance) const {
    const std::vector<OpenRegion::IndexDraft>& index = open_.instances_[instance].index;
    std::vector<std::size_t> dims(index.size());
    std::iota(dims.begin(), dims.end(), std::size_t{0});
    if (!index.empty() && load_of_[instance][0] >= 0) {
        const WrittenLoad& load = loads_[static_cast<std::size_t>(load_of_[instance][0])];
        dims = memory_order(load, load.source_atoms);
    }
    std::vector<int> result;
    for (const std::size_t dim : dims) {
        for (const ir::AtomTerm& term : index[dim].dim.terms) {
            if (std::ranges::find(result, term.atom) == result.end()) {
                result.push_back(term.atom);
            }
        }
    }
    return result;
}

void RegionWriter::order_atoms() {
    // The results decide the order where they have all atoms or where a contraction's atoms follow
    // them; else the input that varies along most atoms does, for that is the one whose memory
    // order matters most.
    std::vector<int> order = walk(open_.results_[0].coordinates);
    const bool contraction = std::ranges::any_of(open_.instances_, [](const auto& instance) {
        return instance.kind == ir::StageKind::contraction;
    });
    if (order.size() < order_.size() && !contraction) {
        std::vector<int> reference;
        for (std::size_t i = 0; i < open_.instances_.size(); ++i) {
            std::vector<int> atoms = walk_index(i);
            if (atoms.size() > reference.size()) {
                reference = std::move(atoms);
            }
        }
        for (const WrittenLoad& load : loads_) {
            if (load.kind == ir::InputKind::indexed || load.kind == ir::InputKind::scalar) {
                continue;
            }
            std::vector<int> atoms = walk(load.coordinates);
            if (atoms.size() <= reference.size()) {
                continue;
            }
            if (load.value != nullptr) {
                std::vector<int> sorted;
                for (const std::size_t place : memory_order(load, atoms)) {
                    sorted.push_back(atoms[place]);
                }
                atoms = std::move(sorted);
            }
            reference = std::move(atoms);
        }
        // One of a single element stays before its neighbour, into which it may merge.
        for (std::size_t i = order.size() - std::min<std::size_t>(order.size(), 1); i-- > 0;) {
            const auto neighbour = std::ranges::find(reference, order[i + 1]);
            if (extent(order[i]) == 1 && neighbour != reference.end() &&
                std::ranges::find(reference, order[i]) == reference.end()) {
                reference.insert(neighbour, order[i]);
            }
        }
        std::erase_if(
            order, [&](int atom) { return std::ranges::find(reference, atom) != reference.end(); });
        order.insert(order.end(), reference.begin(), reference.end());
    }
    for (const int atom : order_) {
        if (std::ranges::find(order, atom) == order.end()) {
            order.push_back(atom);
        }
    }
    order_ = std::move(order);
    for (std::size_t i = 0; i < open_.instances_.size(); ++i) {
        order_contracted(i);
    }
}

/// Contracted dimensions are walked as the operand with more dimensions, the image of a
/// convolution, has them in memory: channels that lie last are summed first. (Extents would ask for
/// another order with another batch.)
void RegionWriter::order_contracted(std::size_t instance) {
    const std::vector<int> along = walk(open_.instances_[instance].along);
    if (open_.instances_[instance].kind != ir::StageKind::contraction || along.size() < 2) {
        return;
    }
    const WrittenLoad* image = nullptr;
    std::size_t most_atoms = 0;
    for (const int load : load_of_[instance]) {
        if (load < 0) {
            continue;
        }
        const std::size_t atoms = walk(loads_[static_cast<std::size_t>(load)].coordinates).size();
        if (atoms > most_atoms) {
            image = &loads_[static_cast<std::size_t>(load)];
            most_atoms = atoms;
        }
    }
    if (image == nullptr) {
        return;
    }
    const std::vector<std::size_t> by_memory = memory_order(*image, along);
    auto next = by_memory.begin();
    for (int& atom : order_) {
        if (std::ranges::find(along, atom) != along.end()) {
            atom = along[*next++];
        }
    }
}

}  // namespace latent::passes
