#include "passes/partition/open_region.h"

#include <algorithm>

namespace latent::passes {

int OpenRegion::add_instance(const ir::Node* node, ir::StageKind kind) {
    Instance instance;
    instance.node = node;
    instance.kind = kind;
    instances_.push_back(std::move(instance));
    return static_cast<int>(instances_.size()) - 1;
}

void OpenRegion::note_seen(const ir::Node* value, const Coordinates& coordinates) {
    const bool is_loop = std::ranges::none_of(coordinates, [&](const Coordinate& coordinate) {
        return std::ranges::any_of(coordinate.terms,
                                   [&](const auto& term) { return is_source_atom(term.atom); });
    });
    if (is_loop) {
        seen_[value].push_back(coordinates);
    }
}

int OpenRegion::add_operand(int instance, const ir::Node* value, Coordinates coordinates) {
    note_seen(value, coordinates);
    std::vector<Operand>& operands = this->instance(instance).operands;
    operands.push_back({Operand::State::pending, -1, value, std::move(coordinates)});
    return static_cast<int>(operands.size()) - 1;
}

void OpenRegion::link_operand(int instance, int operand_instance) {
    this->instance(instance).operands.push_back(
        {Operand::State::instance, operand_instance, nullptr, {}});
}

void OpenRegion::settle_with_instance(const Request& request, int instance) {
    Operand& operand =
        this->instance(request.instance).operands[static_cast<std::size_t>(request.operand)];
    operand.state = Operand::State::instance;
    operand.index = instance;
}

void OpenRegion::settle_with_load(const Request& request, const ir::Node* value,
                                  const Coordinates& coordinates) {
    Instance& user = instance(request.instance);
    Load load;
    load.value = value;
    load.coordinates = atoms_.expand(coordinates);
    if (user.kind == ir::StageKind::indexed && request.operand == 0) {
        load.kind = ir::InputKind::indexed;
        for (const Coordinate& dim : user.operands[0].coordinates) {
            load.source_atoms.push_back(dim.terms[0].atom);
        }
    } else if (value->op() == ir::Op::iota) {
        load.kind = ir::InputKind::affine;
    } else if (value->type().rank() == 0 && request.need != Need::buffer) {
        load.kind = ir::InputKind::scalar;
    }
    std::size_t index = 0;
    while (index < loads_.size() &&
           !(loads_[index].value == value && loads_[index].kind == load.kind &&
             atoms_.expand(loads_[index].coordinates) == load.coordinates &&
             loads_[index].source_atoms.empty())) {
        ++index;
    }
    if (index == loads_.size()) {
        loads_.push_back(std::move(load));
    }
    Operand& operand = user.operands[static_cast<std::size_t>(request.operand)];
    operand.state = Operand::State::load;
    operand.index = static_cast<int>(index);
}

void OpenRegion::add_result(const ir::Node* node, int instance, Coordinates coordinates) {
    note_seen(node, coordinates);
    results_.push_back({node, instance, std::move(coordinates), {}});
}

void OpenRegion::add_first_result(const ir::Node* node, int instance, Coordinates coordinates) {
    note_seen(node, coordinates);
    results_.insert(results_.begin(), Result{node, instance, std::move(coordinates), {}});
}

std::vector<int> OpenRegion::atoms_along(const Coordinates& coordinates) const {
    std::vector<int> atoms;
    for (const Coordinate& dim : atoms_.expand(coordinates)) {
        for (const ir::AtomTerm& term : dim.terms) {
            atoms.push_back(term.atom);
        }
    }
    return atoms;
}

bool OpenRegion::stores_like_results(const Coordinates& coordinates) const {
    return atoms_along(results_[0].coordinates) == atoms_along(coordinates);
}

bool OpenRegion::stores_what_is_reduced(const Coordinates& coordinates) const {
    const std::vector<int> atoms = atoms_along(coordinates);
    return atoms.size() > atoms_along(results_[0].coordinates).size() &&
           std::ranges::any_of(instances_, [&](const Instance& instance) {
               return instance.kind == ir::StageKind::reduce &&
                      atoms_along(instance.operands[0].coordinates) == atoms;
           });
}

bool OpenRegion::stores_rows_of_results(const Coordinates& coordinates) const {
    const std::vector<int> all = atoms_along(results_[0].coordinates);
    return std::ranges::all_of(atoms_along(coordinates),
                               [&](int atom) { return std::ranges::find(all, atom) != all.end(); });
}

std::span<const Coordinates> OpenRegion::seen(const ir::Node* value) const {
    const auto* found = seen_.find(value);
    return found == nullptr ? std::span<const Coordinates>() : std::span<const Coordinates>(*found);
}

int OpenRegion::add_source_atom(std::int64_t extent) {
    const int atom = atoms_.add(extent);
    atoms_.pin(atom);
    source_atom_.resize(static_cast<std::size_t>(atom) + 1, false);
    source_atom_[static_cast<std::size_t>(atom)] = true;
    return atom;
}

}  // namespace latent::passes
