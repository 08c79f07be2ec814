#include "codegen/lower/absent_terms.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

namespace latent::codegen {

namespace {

/// What a value is known to be where a term is masked.
enum class Masked { anything, zero, minus_infinity };

class MaskedTerms {
  public:
    MaskedTerms(const ir::Region& region, int mask)
        : region_(region), values_(region.stages.size(), Masked::anything) {
        for (int i = 0; i < static_cast<int>(region.stages.size()); ++i) {
            values_[static_cast<std::size_t>(i)] = i == mask ? Masked::minus_infinity : value_of(i);
        }
    }

    Masked at(int stage) const { return values_[static_cast<std::size_t>(stage)]; }

  private:
    Masked value_of(int i) const {
        const ir::Stage& stage = region_.stages[static_cast<std::size_t>(i)];
        const auto operand = [&](std::size_t k) { return at(stage.operands[k]); };
        if (stage.kind == ir::StageKind::constant && is_floating(stage.dtype)) {
            const double value = stage.literal.as_double();
            return value == 0                                          ? Masked::zero
                   : value == -std::numeric_limits<double>::infinity() ? Masked::minus_infinity
                                                                       : Masked::anything;
        }
        if (stage.kind != ir::StageKind::elementwise || !is_floating(stage.dtype)) {
            return Masked::anything;
        }
        switch (stage.op) {
            case ir::Op::exp:
                return operand(0) == Masked::minus_infinity ? Masked::zero : Masked::anything;
            case ir::Op::cast:
            case ir::Op::stop_gradient:
                return operand(0);
            case ir::Op::neg:
                return operand(0) == Masked::zero ? operand(0) : Masked::anything;
            case ir::Op::sub:
                return operand(0) == Masked::minus_infinity ? operand(0) : Masked::anything;
            case ir::Op::add:
                return operand(0) == Masked::minus_infinity || operand(1) == Masked::minus_infinity
                           ? Masked::minus_infinity
                           : Masked::anything;
            case ir::Op::mul:
                return operand(0) == Masked::zero || operand(1) == Masked::zero ? Masked::zero
                                                                                : Masked::anything;
            case ir::Op::div:
                return operand(0) == Masked::zero ? operand(0) : Masked::anything;
            case ir::Op::select:
                return operand(1) == operand(2) ? operand(1) : Masked::anything;
            default:
                return Masked::anything;
        }
    }

    const ir::Region& region_;
    std::vector<Masked> values_;
};

/// The atom along which an affine input counts by one, if there is but that.
int counted_atom(const ir::Region& region, int stage) {
    const ir::Stage& load = region.stages[static_cast<std::size_t>(stage)];
    if (load.kind != ir::StageKind::load) {
        return -1;
    }
    const ir::RegionInput& input = region.inputs[static_cast<std::size_t>(load.input)];
    const std::uint64_t span = ir::mask_of(input.strides);
    if (input.kind != ir::InputKind::affine || std::popcount(span) != 1) {
        return -1;
    }
    const int atom = std::countr_zero(span);
    return input.strides[static_cast<std::size_t>(atom)] == ir::StrideClass::one ? atom : -1;
}

ir::Op mirrored(ir::Op comparison) {
    switch (comparison) {
        case ir::Op::less:
            return ir::Op::greater;
        case ir::Op::less_equal:
            return ir::Op::greater_equal;
        case ir::Op::greater:
            return ir::Op::less;
        case ir::Op::greater_equal:
            return ir::Op::less_equal;
        default:
            return comparison;
    }
}

ir::Op negated(ir::Op comparison) {
    switch (comparison) {
        case ir::Op::less:
            return ir::Op::greater_equal;
        case ir::Op::less_equal:
            return ir::Op::greater;
        case ir::Op::greater:
            return ir::Op::less_equal;
        case ir::Op::greater_equal:
            return ir::Op::less;
        default:
            return comparison;
    }
}

/// The limit that `select` sets to the row, if it is of that form.
std::optional<RowLimit> limit_of(const ir::Region& region, const ir::Stage& select, int row) {
    const auto stage = [&](int i) -> const ir::Stage& {
        return region.stages[static_cast<std::size_t>(i)];
    };
    const auto is_minus_infinity = [&](int i) {
        return stage(i).kind == ir::StageKind::constant && is_floating(stage(i).dtype) &&
               stage(i).literal.as_double() == -std::numeric_limits<double>::infinity();
    };
    const ir::Stage& condition = stage(select.operands[0]);
    if (condition.kind != ir::StageKind::elementwise || condition.operands.size() != 2) {
        return std::nullopt;
    }
    // As a comparison of the position along the row with another that hides the term.
    ir::Op hides = condition.op;
    if (is_minus_infinity(select.operands[2])) {
        hides = negated(hides);
    } else if (!is_minus_infinity(select.operands[1])) {
        return std::nullopt;
    }
    int along = condition.operands[0];
    int across = condition.operands[1];
    if (counted_atom(region, across) == row) {
        std::swap(along, across);
        hides = mirrored(hides);
    }
    const int across_atom = counted_atom(region, across);
    const bool past = hides == ir::Op::greater || hides == ir::Op::greater_equal;
    const bool before = hides == ir::Op::less || hides == ir::Op::less_equal;
    if (counted_atom(region, along) != row || across_atom < 0 || across_atom == row ||
        (!past && !before)) {
        return std::nullopt;
    }
    return RowLimit{stage(along).input, stage(across).input, across_atom,
                    past ? RowLimit::Absent::past : RowLimit::Absent::before,
                    hides == ir::Op::greater || hides == ir::Op::less};
}

}  // namespace

std::optional<RowLimit> find_row_limit(const ir::Region& region,
                                       const ir::Classification& classification) {
    const int row = std::countr_zero(classification.row_atoms);
    for (int i = 0; i < static_cast<int>(region.stages.size()); ++i) {
        const ir::Stage& select = region.stages[static_cast<std::size_t>(i)];
        if (select.kind != ir::StageKind::elementwise || select.op != ir::Op::select) {
            continue;
        }
        const std::optional<RowLimit> limit = limit_of(region, select, row);
        if (!limit) {
            continue;
        }
        const MaskedTerms masked(region, i);
        bool absent = std::ranges::all_of(classification.weights, [&](int weights) {
            return masked.at(weights) == Masked::zero;
        });
        for (const ir::Stage& stage : region.stages) {
            if (stage.kind == ir::StageKind::reduce) {
                const Masked term = masked.at(stage.operands[0]);
                absent = absent && limit->absent == RowLimit::Absent::past &&
                         ((stage.op == ir::Op::reduce_max && term == Masked::minus_infinity) ||
                          (stage.op == ir::Op::reduce_sum && term == Masked::zero));
            }
        }
        if (absent) {
            return limit;
        }
    }
    return std::nullopt;
}

}  // namespace latent::codegen
