#include "codegen/lower/accumulation.h"
#include "codegen/lower/lane_reduction.h"

// Positions of extremes along rows, by groups of vectors. To find the best element of a group takes
// about one instruction for a vector; its position is looked for at last, in one group.

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::RDom;

void LaneReduction::take_in_groups() {
    Walk groups = walk("_groups", blocks_along_vectors() ? groups_of_block() : whole_groups());
    const auto along = static_cast<std::size_t>(vector_atom_);
    Expr number = groups.at[along];
    if (blocks_along_vectors()) {
        number += blocks_->block * groups_of_block();
        groups.domain.where(number < whole_groups());
    }
    std::vector<Accumulators::Values> elements;
    Coordinates at = groups.at;
    for (int i = 0; i < group_; ++i) {
        at[along] = (number * group_ + i) * width_ + lane_;
        elements.push_back(elements_at(at, groups.domain, true));
    }
    update(groups, accumulators_.best_of_group(std::move(elements), number), true);
}

/// Less than a group: vector by vector, as if it were one.
void LaneReduction::take_in_rest_of_groups() {
    const Expr first = whole_groups() * group_;
    Walk rest = walk("_rest", (extent_ + width_ - 1) / width_ - first);
    Expr& position = rest.at[static_cast<std::size_t>(vector_atom_)];
    position = (position + first) * width_ + lane_;
    if (blocks_along_vectors()) {
        rest.domain.where(blocks_->block == whole_groups() / groups_of_block());
    }
    Accumulators::Values element = elements_at(rest.at, rest.domain, false);
    element[0] = Halide::select(position < extent_, element[0], accumulators_.empty()[0]);
    element[1] = whole_groups();
    update(rest, element, false);
}

Accumulators::Values LaneReduction::find_in_group(const Accumulators::Values& best) {
    Func group(name_ + "_group");
    group(loops_) = Halide::Tuple(best);
    logged(group, lowering_.log()).never_partition_all();
    const Expr element = group(std::vector<Expr>(loops_.begin(), loops_.end()))[0];
    Expr number = group(std::vector<Expr>(loops_.begin(), loops_.end()))[1];
    // Where nothing was better than what there is before the first element, that is one of the
    // best.
    const Expr first = blocks_along_vectors() ? blocks_->block * groups_of_block() : Expr(0);
    number = Halide::clamp(Halide::select(number == number.type().max(), first, number), 0,
                           whole_groups());
    number = Halide::cast<std::int32_t>(number);

    Func found(name_ + "_found");
    const RDom vectors(0, group_, name_ + "_in_group");
    const Expr last = (extent_ + width_ - 1) / width_ - 1;
    Coordinates at = lowering_.loop_coordinates();
    Expr& position = at[static_cast<std::size_t>(vector_atom_)];
    position = Halide::min(number * group_ + vectors.x, last) * width_ + lane_;
    const Accumulators::Values values = elements_at(at, {}, false);
    const Expr none = values[1].type().max();
    const Expr here =
        Halide::select(position < extent_, accumulators_.without_worse(values, {element})[1], none);
    found(with_lane(lane_)) = none;
    found(with_lane(lane_)) = Halide::min(found(with_lane(lane_)), here);
    schedule_whole(found, width_);
    LoggedSchedule search = logged_update(found, lowering_.log());
    search.vectorize(lane_).unroll(vectors.x).never_partition_all();
    funcs_.insert(funcs_.end(), {group, found});

    std::vector<Expr> lanes;
    for (int lane = 0; lane < width_; ++lane) {
        lanes.emplace_back(found(with_lane(lane)));
    }
    return {element, accumulate_all(ir::Op::reduce_min, std::move(lanes))};
}

}  // namespace latent::codegen
