#include "passes/partition/coordinates.h"

#include <algorithm>
#include <cstdlib>

namespace latent::passes {

int AtomTable::add(std::int64_t extent) {
    atoms_.push_back(State{.extent = extent});
    return static_cast<int>(atoms_.size()) - 1;
}

Coordinates AtomTable::add_all(std::span<const std::int64_t> shape) {
    Coordinates coordinates;
    for (const std::int64_t extent : shape) {
        coordinates.push_back({{{add(extent), 1}}, 0});
    }
    return coordinates;
}

void AtomTable::split(int atom, std::int64_t inner_extent) {
    const std::int64_t outer_extent = extent(atom) / inner_extent;
    const int outer = add(outer_extent);
    const int inner = add(inner_extent);
    atoms_[static_cast<std::size_t>(atom)].outer = outer;
    atoms_[static_cast<std::size_t>(atom)].inner = inner;
    if (takes_steps(atom)) {
        mark_steps(outer);
    }
}

Coordinate AtomTable::expand(const Coordinate& coordinate) const {
    Coordinate result{{}, coordinate.offset};
    std::vector<ir::AtomTerm> pending(coordinate.terms.rbegin(), coordinate.terms.rend());
    while (!pending.empty()) {
        const ir::AtomTerm term = pending.back();
        pending.pop_back();
        const State& state = atoms_[static_cast<std::size_t>(term.atom)];
        if (state.outer < 0) {
            result.terms.push_back(term);
        } else {
            pending.push_back({state.inner, term.coefficient});
            pending.push_back({state.outer, term.coefficient * extent(state.inner)});
        }
    }
    return result;
}

Coordinates AtomTable::expand(const Coordinates& coordinates) const {
    Coordinates result;
    result.reserve(coordinates.size());
    for (const Coordinate& coordinate : coordinates) {
        result.push_back(expand(coordinate));
    }
    return result;
}

std::optional<std::vector<int>> AtomTable::mixed_radix(const Coordinate& coordinate,
                                                       std::int64_t extent_wanted) const {
    const Coordinate expanded = expand(coordinate);
    if (expanded.offset != 0) {
        return std::nullopt;
    }
    std::vector<int> atoms;
    std::int64_t stride = 1;
    for (std::size_t i = expanded.terms.size(); i-- > 0;) {
        if (expanded.terms[i].coefficient != stride) {
            return std::nullopt;
        }
        stride *= extent(expanded.terms[i].atom);
        atoms.push_back(expanded.terms[i].atom);
    }
    if (stride != extent_wanted) {
        return std::nullopt;
    }
    std::ranges::reverse(atoms);
    return atoms;
}

bool AtomTable::is_pure(const Coordinates& coordinates, std::span<const std::int64_t> shape) const {
    std::vector<int> seen;
    for (std::size_t i = 0; i < coordinates.size(); ++i) {
        const auto atoms = mixed_radix(coordinates[i], shape[i]);
        if (!atoms) {
            return false;
        }
        for (const int atom : *atoms) {
            if (std::ranges::find(seen, atom) != seen.end()) {
                return false;
            }
            seen.push_back(atom);
        }
    }
    return true;
}

bool AtomTable::has_short_parts(const Coordinate& coordinate) const {
    constexpr std::int64_t least_part = 8;
    int parts = 0;
    ir::AtomTerm innermost;
    for (const ir::AtomTerm& term : expand(coordinate).terms) {
        if (extent(term.atom) == 1) {
            continue;
        }
        if (parts == 0 || std::abs(term.coefficient) < std::abs(innermost.coefficient)) {
            innermost = term;
        }
        ++parts;
    }
    return parts > 1 && extent(innermost.atom) < least_part;
}

Coordinate AtomTable::from_mixed_radix(std::span<const int> atoms) const {
    Coordinate coordinate;
    std::int64_t stride = 1;
    for (std::size_t i = atoms.size(); i-- > 0;) {
        coordinate.terms.push_back({atoms[i], stride});
        stride *= extent(atoms[i]);
    }
    std::ranges::reverse(coordinate.terms);
    return coordinate;
}

/// Where the reshape adds and drops dimensions of one element, and does nothing else: coordinates
/// of any form stay what they are.
static std::optional<Coordinates> through_single_elements(const Coordinates& coordinates,
                                                          std::span<const std::int64_t> from,
                                                          std::span<const std::int64_t> to) {
    Coordinates result(from.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < to.size(); ++i) {
        if (to[i] == 1) {
            continue;
        }
        while (next < from.size() && from[next] == 1) {
            ++next;
        }
        if (next == from.size() || from[next] != to[i]) {
            return std::nullopt;
        }
        result[next++] = coordinates[i];
    }
    const bool all = std::all_of(from.begin() + static_cast<std::ptrdiff_t>(next), from.end(),
                                 [](std::int64_t extent) { return extent == 1; });
    return all ? std::optional(std::move(result)) : std::nullopt;
}

std::optional<Coordinates> AtomTable::through_reshape(const Coordinates& coordinates,
                                                      std::span<const std::int64_t> from,
                                                      std::span<const std::int64_t> to) {
    if (auto same = through_single_elements(coordinates, from, to)) {
        return same;
    }
    // The atoms of the result, innermost last, are dealt out to the operand's dimensions from the
    // innermost on. An atom that is larger than what a dimension still needs is split if that
    // divides it.
    std::vector<int> sequence;
    for (std::size_t i = 0; i < coordinates.size(); ++i) {
        const auto atoms = mixed_radix(coordinates[i], to[i]);
        if (!atoms) {
            return std::nullopt;
        }
        sequence.insert(sequence.end(), atoms->begin(), atoms->end());
    }
    Coordinates result(from.size());
    for (std::size_t dim = from.size(); dim-- > 0;) {
        std::int64_t needed = from[dim];
        std::vector<int> taken;
        while (needed > 1) {
            while (!sequence.empty() && extent(sequence.back()) == 1) {
                sequence.pop_back();
            }
            if (sequence.empty()) {
                return std::nullopt;
            }
            const int atom = sequence.back();
            sequence.pop_back();
            if (extent(atom) <= needed) {
                if (needed % extent(atom) != 0) {
                    return std::nullopt;
                }
                needed /= extent(atom);
                taken.push_back(atom);
            } else {
                if (extent(atom) % needed != 0 || atoms_[static_cast<std::size_t>(atom)].pinned) {
                    return std::nullopt;
                }
                split(atom, needed);
                const State& state = atoms_[static_cast<std::size_t>(atom)];
                taken.push_back(state.inner);
                sequence.push_back(state.outer);
                needed = 1;
            }
        }
        std::ranges::reverse(taken);
        result[dim] = from_mixed_radix(taken);
    }
    return result;
}

void AtomTable::mark(const Coordinate& coordinate, std::int64_t most_fixed) {
    if (coordinate.terms.size() == 1) {
        State& state = atoms_[static_cast<std::size_t>(coordinate.terms[0].atom)];
        state.most_fixed = std::max(state.most_fixed, most_fixed);
    }
}

bool keeps_whole_dimensions(ir::Op view) {
    return view == ir::Op::permute || view == ir::Op::reshape || view == ir::Op::broadcast ||
           view == ir::Op::optimization_barrier;
}

std::optional<Coordinates> through_view(const ir::Node& view, const Coordinates& coordinates,
                                        AtomTable& atoms) {
    const ir::Shape& from = view.operand(0).type().shape;
    const auto scaled = [](Coordinate coordinate, std::int64_t factor, std::int64_t offset) {
        for (ir::AtomTerm& term : coordinate.terms) {
            term.coefficient *= factor;
        }
        coordinate.offset = coordinate.offset * factor + offset;
        return coordinate;
    };
    Coordinates result(from.size());
    switch (view.op()) {
        case ir::Op::optimization_barrier:
            return coordinates;
        case ir::Op::permute: {
            const auto& permutation = view.attributes_as<ir::PermuteAttributes>().permutation;
            for (std::size_t i = 0; i < permutation.size(); ++i) {
                result[static_cast<std::size_t>(permutation[i])] = coordinates[i];
            }
            return result;
        }
        case ir::Op::broadcast: {
            const auto& axes = view.attributes_as<ir::BroadcastAttributes>().axes;
            for (std::size_t i = 0; i < axes.size(); ++i) {
                result[i] = coordinates[static_cast<std::size_t>(axes[i])];
            }
            return result;
        }
        case ir::Op::reshape:
            return atoms.through_reshape(coordinates, from.span(), view.type().shape.span());
        case ir::Op::slice: {
            const auto& slice = view.attributes_as<ir::SliceAttributes>();
            for (std::size_t i = 0; i < from.size(); ++i) {
                result[i] = scaled(coordinates[i], slice.step[i], slice.start[i]);
            }
            return result;
        }
        case ir::Op::flip: {
            const auto& axes = view.attributes_as<ir::FlipAttributes>().axes;
            for (std::size_t i = 0; i < from.size(); ++i) {
                const bool flipped =
                    std::ranges::find(axes, static_cast<std::int64_t>(i)) != axes.end();
                result[i] = flipped ? scaled(coordinates[i], -1, from[i] - 1) : coordinates[i];
            }
            return result;
        }
        case ir::Op::window: {
            const auto& window = view.attributes_as<ir::WindowAttributes>();
            std::copy_n(coordinates.begin(), from.size(), result.begin());
            for (std::size_t i = 0; i < window.axes.size(); ++i) {
                Coordinate& dim = result[static_cast<std::size_t>(window.axes[i])];
                atoms.mark_window(coordinates[from.size() + i]);
                const Coordinate within =
                    scaled(coordinates[from.size() + i], window.dilation[i], 0);
                dim = scaled(dim, window.stride[i], within.offset);
                dim.terms.insert(dim.terms.end(), within.terms.begin(), within.terms.end());
            }
            return result;
        }
        default:
            throw InternalError("not a view");
    }
}

}  // namespace latent::passes
