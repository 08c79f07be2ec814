#include "codegen/lower/accumulators.h"

#include <algorithm>
#include <limits>

#include "codegen/lower/accumulation.h"
#include "codegen/math/math.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Type;

namespace {

/// The type in which elements are compared whose position is wanted.
Type compared_type(const Type& type) {
    return type.is_bool() ? Halide::Int(32) : type;
}

/// What no element is worse than.
Expr worst(ir::Op op, const Type& type) {
    const bool largest = op == ir::Op::reduce_argmax;
    if (type.is_float()) {
        const double infinity = std::numeric_limits<double>::infinity();
        return Halide::Internal::make_const(type, largest ? -infinity : infinity);
    }
    return largest ? type.min() : type.max();
}

Expr is_better(ir::Op op, const Expr& a, const Expr& b) {
    const bool largest = op == ir::Op::reduce_argmax;
    if (a.type().is_float()) {
        return !(largest ? math::less_equal(a, b) : math::less_equal(b, a)) && !math::is_nan(b);
    }
    return largest ? b < a : a < b;
}

Expr are_equal(const Expr& a, const Expr& b) {
    return a.type().is_float() ? math::equal(a, b) || (math::is_nan(a) && math::is_nan(b)) : a == b;
}

/// The best of several elements, by a tree of single instructions, and whether one of them is as
/// good as that.
Expr best_of(ir::Op op, Accumulators::Values elements) {
    const ir::Op extreme = op == ir::Op::reduce_argmax ? ir::Op::reduce_max : ir::Op::reduce_min;
    const Type type = elements.front().type();
    for (Expr& element : elements) {
        element = to_accumulator(extreme, element);
    }
    return from_accumulator(extreme, type, accumulate_all(extreme, std::move(elements)));
}

Expr is_as_good(const Expr& element, const Expr& best) {
    return element.type().is_float() ? math::equal(element, best) || math::is_nan(element)
                                     : element == best;
}

/// The better of two elements by one instruction, which may lose a NaN.
Expr better_number(ir::Op op, const Expr& a, const Expr& b) {
    const bool largest = op == ir::Op::reduce_argmax;
    if (a.type().is_float()) {
        return Halide::select(largest ? math::less(b, a) : math::less(a, b), a, b);
    }
    return largest ? Halide::max(a, b) : Halide::min(a, b);
}

/// The first of positions that rise along the loop of a reduction.
Expr first_position(Lowering& lowering, const ir::Stage& reduction) {
    Coordinates at = lowering.loop_coordinates();
    at[static_cast<std::size_t>(reduction.atoms[0])] = 0;
    return lowering.stages().at(reduction.operands[1], at);
}

}  // namespace

Accumulators::Accumulators(Lowering& lowering, std::vector<int> stages)
    : stages_(std::move(stages)) {
    const std::vector<ir::Stage>& all = lowering.region().stages;
    for (const int number : stages_) {
        const ir::Stage& stage = all[static_cast<std::size_t>(number)];
        const ir::Stage& element = all[static_cast<std::size_t>(stage.operands[0])];
        Reduction reduction{stage.op, compute_type(element.dtype), operands_.size()};
        if (ir::positions_rise(lowering.region(), stage)) {
            reduction.risen_from = first_position(lowering, stage);
        }
        reductions_.push_back(reduction);
        operands_.insert(operands_.end(), stage.operands.begin(), stage.operands.end());
    }
    for (const int operand : operands_) {
        types_.push_back(compute_type(all[static_cast<std::size_t>(operand)].dtype));
    }
}

bool Accumulators::give_positions() const {
    return std::ranges::any_of(reductions_, ir::gives_a_position, &Reduction::op);
}

Accumulators::Values Accumulators::empty() const {
    Values values;
    for (const Reduction& reduction : reductions_) {
        if (ir::gives_a_position(reduction.op)) {
            values.push_back(worst(reduction.op, compared_type(reduction.type)));
            values.push_back(types_[reduction.first + 1].max());
        } else {
            values.push_back(empty_accumulator(reduction.op, reduction.type));
        }
    }
    return values;
}

Accumulators::Values Accumulators::at(const Halide::FuncRef& call) const {
    if (operands_.size() == 1) {
        return {call};
    }
    Values values;
    for (std::size_t i = 0; i < operands_.size(); ++i) {
        values.emplace_back(call[static_cast<int>(i)]);
    }
    return values;
}

Accumulators::Values Accumulators::of(const Values& elements) const {
    Values values = elements;
    for (const Reduction& reduction : reductions_) {
        Expr& element = values[reduction.first];
        element = ir::gives_a_position(reduction.op)
                      ? Halide::cast(compared_type(reduction.type), element)
                      : to_accumulator(reduction.op, element);
    }
    return values;
}

Accumulators::Values Accumulators::taken_in(const Values& before, const Values& element) const {
    return merged(before, element, true);
}

Accumulators::Values Accumulators::combined(const Values& a, const Values& b) const {
    return merged(a, b, false);
}

Accumulators::Values Accumulators::merged(const Values& a, const Values& b, bool in_a_walk) const {
    Values values;
    for (const Reduction& reduction : reductions_) {
        const std::size_t k = reduction.first;
        if (!ir::gives_a_position(reduction.op)) {
            values.push_back(accumulate(reduction.op, a[k], b[k]));
            continue;
        }
        Expr takes_place = is_better(reduction.op, b[k], a[k]);
        if (!in_a_walk || !reduction.risen_from.defined()) {
            takes_place = takes_place || (are_equal(a[k], b[k]) && b[k + 1] < a[k + 1]);
        }
        values.push_back(Halide::select(takes_place, b[k], a[k]));
        values.push_back(Halide::select(takes_place, b[k + 1], a[k + 1]));
    }
    return values;
}

Accumulators::Values Accumulators::all_combined(const std::vector<Values>& accumulators) const {
    if (accumulators.size() == 1) {
        return accumulators.front();
    }
    const Values best = best_elements(accumulators);
    std::vector<Values> candidates;
    for (const Values& each : accumulators) {
        candidates.push_back(without_worse(each, best));
    }
    return all_combined(candidates, best);
}

Accumulators::Values Accumulators::all_combined(const std::vector<Values>& candidates,
                                                const Values& best) const {
    const auto all_at = [&](std::size_t k) {
        Values values;
        for (const Values& each : candidates) {
            values.push_back(each[k]);
        }
        return values;
    };
    Values all;
    std::size_t next_best = 0;
    for (const Reduction& reduction : reductions_) {
        if (ir::gives_a_position(reduction.op)) {
            all.push_back(best[next_best++]);
            all.push_back(accumulate_all(ir::Op::reduce_min, all_at(reduction.first + 1)));
        } else {
            all.push_back(accumulate_all(reduction.op, all_at(reduction.first)));
        }
    }
    return all;
}

Accumulators::Values Accumulators::best_elements(const std::vector<Values>& accumulators) const {
    Values best;
    for (const Reduction& reduction : reductions_) {
        if (ir::gives_a_position(reduction.op)) {
            Values elements;
            for (const Values& each : accumulators) {
                elements.push_back(each[reduction.first]);
            }
            best.push_back(best_of(reduction.op, std::move(elements)));
        }
    }
    return best;
}

Accumulators::Values Accumulators::without_worse(Values accumulators, const Values& best) const {
    std::size_t next_best = 0;
    for (const Reduction& reduction : reductions_) {
        if (ir::gives_a_position(reduction.op)) {
            const Expr is_best = is_as_good(accumulators[reduction.first], best[next_best++]);
            Expr& position = accumulators[reduction.first + 1];
            position = Halide::select(is_best, position, position.type().max());
        }
    }
    return accumulators;
}

Accumulators::Values Accumulators::best_of_group(std::vector<Values> elements,
                                                 const Expr& number) const {
    const Reduction& reduction = reductions_.front();
    Expr any_nan;
    if (reduction.type.is_float()) {
        for (const Values& element : elements) {
            const Expr is_nan = math::is_nan(element[0]);
            any_nan = any_nan.defined() ? any_nan || is_nan : is_nan;
        }
    }
    while (elements.size() > 1) {
        const std::size_t half = (elements.size() + 1) / 2;
        for (std::size_t i = 0; i + half < elements.size(); ++i) {
            elements[i][0] = better_number(reduction.op, elements[i][0], elements[i + half][0]);
        }
        elements.resize(half);
    }
    Expr best = elements.front()[0];
    if (any_nan.defined()) {
        const Expr nan =
            Halide::Internal::make_const(best.type(), std::numeric_limits<double>::quiet_NaN());
        best = Halide::select(any_nan, nan, best);
    }
    return {best, number};
}

Accumulators::Values Accumulators::results(const Values& values) const {
    Values all;
    for (std::size_t i = 0; i < reductions_.size(); ++i) {
        all.push_back(result(i, values));
    }
    return all;
}

Expr Accumulators::result(std::size_t i, const Values& values) const {
    const Reduction& reduction = reductions_[i];
    if (!ir::gives_a_position(reduction.op)) {
        return from_accumulator(reduction.op, reduction.type, values[reduction.first]);
    }
    const Expr& position = values[reduction.first + 1];
    if (!reduction.risen_from.defined()) {
        return position;
    }
    // Where nothing is better than what there is before the first element, all are as bad as that.
    return Halide::select(position == position.type().max(), reduction.risen_from, position);
}

}  // namespace latent::codegen
