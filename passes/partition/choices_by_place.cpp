#include "passes/partition/choices_by_place.h"

#include <algorithm>

namespace latent::passes {

namespace {

bool is_elementwise_so_far(const OpenRegion& region) {
    for (int i = 0; i < static_cast<int>(region.instance_count()); ++i) {
        const ir::StageKind kind = region.instance(i).kind;
        if (kind != ir::StageKind::load && kind != ir::StageKind::constant &&
            kind != ir::StageKind::elementwise) {
            return false;
        }
    }
    return true;
}

/// The atom along which neighbours are neighbours in a result; -1 if there is none.
int innermost_atom(const OpenRegion& region, const OpenRegion::Result& result) {
    const Coordinates coordinates = region.atoms().expand(result.coordinates);
    for (std::size_t i = coordinates.size(); i-- > 0;) {
        for (const ir::AtomTerm& term : coordinates[i].terms) {
            if (term.coefficient == 1 && region.atoms().extent(term.atom) > 1) {
                return term.atom;
            }
        }
        if (result.node->type().shape[i] > 1) {
            break;
        }
    }
    return -1;
}

}  // namespace

bool chooses_by_place(const ir::Node& node) {
    const ir::Shape& shape = node.type().shape;
    if (node.op() != ir::Op::select || shape.empty() || shape[shape.size() - 1] == 1 ||
        shape[shape.size() - 1] > ir::longest_row_side_by_side) {
        return false;
    }
    const ir::Node& condition = *node.operand(0).node;
    if (condition.op() != ir::Op::equal) {
        return false;
    }
    const auto repeats = [&](const ir::Value& value, ir::Op repeated) {
        return value.op() == ir::Op::broadcast && value.node->operand(0).op() == repeated;
    };
    const auto last = static_cast<std::int64_t>(shape.size()) - 1;
    const ir::Value& place = condition.operand(0);
    return repeats(place, ir::Op::iota) && repeats(condition.operand(1), ir::Op::constant) &&
           place.node->attributes_as<ir::BroadcastAttributes>().axes[0] == last;
}

bool tells_places_apart(const OpenRegion& region, const Coordinates& coordinates) {
    const Coordinate place = region.atoms().expand(coordinates.back());
    if (place.terms.size() != 1 || place.terms[0].coefficient != 1 || place.offset != 0) {
        return false;
    }
    const int atom = place.terms[0].atom;
    if (!is_elementwise_so_far(region)) {
        return region.atoms().fixed_extent(atom) > 0;
    }
    return std::ranges::all_of(region.results(), [&](const OpenRegion::Result& result) {
        return result.scatter.empty() && innermost_atom(region, result) == atom;
    });
}

bool tells_choices_apart(const OpenRegion& region) {
    for (int i = 0; i < static_cast<int>(region.instance_count()); ++i) {
        const OpenRegion::Instance& instance = region.instance(i);
        if (instance.kind == ir::StageKind::elementwise && chooses_by_place(*instance.node) &&
            !tells_places_apart(region, instance.operands[0].coordinates)) {
            return false;
        }
    }
    return true;
}

}  // namespace latent::passes
