#include <algorithm>
#include <vector>

#include "passes/differentiation/partials.h"
#include "passes/differentiation/vjp.h"

// Rules of views and of ops that move elements: each is the transpose of its op.

namespace latent::passes {

using ir::Op;
using ir::Value;

namespace {

Term make_term(const VjpContext& c, Op op, const ir::Attributes& attributes,
               std::initializer_list<Value> operands) {
    return {ir::make(op, attributes, std::span(operands.begin(), operands.size()), c.location()),
            c.location()};
}

Value zero_of(const VjpContext& c) {
    return ir::constant(ir::Literal::zero(c.node().type().dtype), c.location());
}

/// Whether windows along an axis leave out elements of it.
bool windows_skip(std::int64_t extent, std::int64_t count, std::int64_t size, std::int64_t stride,
                  std::int64_t dilation) {
    const std::int64_t end = (count - 1) * stride + dilation * (size - 1) + 1;
    const bool contiguous = dilation == 1 && stride <= size;
    // Moving by one, dilated windows fill the gaps between their elements if they are enough.
    const bool filled = stride == 1 && (size == 1 || count >= dilation);
    return end != extent || !(contiguous || filled);
}

}  // namespace

void vjp_permute(const VjpContext& c) {
    const auto& permutation = c.node().attributes_as<ir::PermuteAttributes>().permutation;
    c.contribute(0, {ir::permute(c.cotangent().value(), inverse_permutation(permutation).span(),
                                 c.location()),
                     c.location()});
}

void vjp_reshape(const VjpContext& c) {
    c.contribute(0,
                 {ir::reshape(c.cotangent().value(), c.operand_type(0).shape.span(), c.location()),
                  c.location()});
}

void vjp_broadcast(const VjpContext& c) {
    const auto& [shape, axes] = c.node().attributes_as<ir::BroadcastAttributes>();
    ir::Axes added;
    for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(shape.size()); ++axis) {
        if (std::ranges::find(axes, axis) == axes.end()) {
            added.push_back(axis);
        }
    }
    c.contribute(0, {ir::reduce(Op::reduce_sum, c.cotangent().value(), added.span(), c.location()),
                     c.location()});
}

void vjp_slice(const VjpContext& c) {
    const auto& [start, stop, step] = c.node().attributes_as<ir::SliceAttributes>();
    const ir::Shape& taken = c.node().type().shape;
    ir::PadAttributes pads;
    for (std::size_t i = 0; i < start.size(); ++i) {
        const std::int64_t end = taken[i] == 0 ? start[i] : start[i] + (taken[i] - 1) * step[i] + 1;
        pads.low.push_back(start[i]);
        pads.high.push_back(c.operand_type(0).shape[i] - end);
        pads.interior.push_back(step[i] - 1);
    }
    c.contribute_masked(0, make_term(c, Op::pad, pads, {c.cotangent().value(), zero_of(c)}));
}

void vjp_flip(const VjpContext& c) {
    c.contribute(0, make_term(c, Op::flip, c.node().attributes(), {c.cotangent().value()}));
}

void vjp_window(const VjpContext& c) {
    const auto& [axes, size, stride, dilation] = c.node().attributes_as<ir::WindowAttributes>();
    ir::FoldAttributes fold{axes, size, stride, dilation, {}};
    bool skips = false;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto axis = static_cast<std::size_t>(axes[i]);
        fold.extent.push_back(c.operand_type(0).shape[axis]);
        skips |= windows_skip(fold.extent[i], c.node().type().shape[axis], size[i], stride[i],
                              dilation[i]);
    }
    const Term folded = make_term(c, Op::fold, fold, {c.cotangent().value()});
    if (skips) {
        c.contribute_masked(0, folded);
    } else {
        c.contribute(0, folded);
    }
}

void vjp_fold(const VjpContext& c) {
    const auto& [axes, size, stride, dilation, extent] =
        c.node().attributes_as<ir::FoldAttributes>();
    c.contribute(0, make_term(c, Op::window, ir::WindowAttributes{axes, size, stride, dilation},
                              {c.cotangent().value()}));
}

void vjp_pad(const VjpContext& c) {
    const auto& [low, high, interior] = c.node().attributes_as<ir::PadAttributes>();
    const Value ct = c.cotangent().value();
    if (c.needs(0)) {
        // What negative pads cut off comes back as zeros; then the slice undoes the rest.
        const std::size_t rank = low.size();
        ir::PadAttributes cut{ir::Dims(rank, 0), ir::Dims(rank, 0), ir::Dims(rank, 0)};
        ir::SliceAttributes range;
        bool any_cut = false;
        for (std::size_t i = 0; i < rank; ++i) {
            const std::int64_t extent = c.operand_type(0).shape[i];
            const std::int64_t span = extent + std::max<std::int64_t>(0, extent - 1) * interior[i];
            cut.low[i] = std::max<std::int64_t>(0, -low[i]);
            cut.high[i] = std::max<std::int64_t>(0, -high[i]);
            any_cut |= cut.low[i] + cut.high[i] > 0;
            range.start.push_back(std::max<std::int64_t>(0, low[i]));
            range.stop.push_back(range.start[i] + span);
            range.step.push_back(interior[i] + 1);
        }
        if (any_cut) {
            const Term whole = make_term(c, Op::pad, cut, {ct, zero_of(c)});
            c.contribute_masked(0, make_term(c, Op::slice, range, {whole.value()}));
        } else {
            c.contribute(0, make_term(c, Op::slice, range, {ct}));
        }
    }
    if (c.needs(1)) {
        // Sums what landed on the fill and nothing else: a total less the rest would round.
        const ir::Literal no = ir::Literal::zero(DType::boolean);
        const ir::Literal yes = ir::Literal::one(DType::boolean);
        const Value inside = ir::full(no, c.operand_type(0).shape.span(), c.location());
        const Term is_fill =
            make_term(c, Op::pad, c.node().attributes(), {inside, ir::constant(yes, c.location())});
        const Term landed = select(is_fill, c.cotangent(), c.cotangent().filled(0));
        ir::Axes all;
        for (std::size_t i = 0; i < low.size(); ++i) {
            all.push_back(static_cast<std::int64_t>(i));
        }
        c.contribute_masked(
            1,
            {ir::reduce(Op::reduce_sum, landed.value(), all.span(), c.location()), c.location()});
    }
}

void vjp_concat(const VjpContext& c) {
    const auto axis = static_cast<std::size_t>(c.node().attributes_as<ir::ConcatAttributes>().axis);
    const ir::Shape& whole = c.node().type().shape;
    ir::SliceAttributes part{ir::Dims(whole.size(), 0), whole, ir::Dims(whole.size(), 1)};
    std::int64_t start = 0;
    for (std::size_t i = 0; i < c.node().operands().size(); ++i) {
        part.start[axis] = start;
        start += c.operand_type(i).shape[axis];
        part.stop[axis] = start;
        if (c.needs(i)) {
            c.contribute(i, make_term(c, Op::slice, part, {c.cotangent().value()}));
        }
    }
}

void vjp_interleave(const VjpContext& c) {
    const auto axis = static_cast<std::size_t>(c.node().attributes_as<ir::ConcatAttributes>().axis);
    const ir::Shape& whole = c.node().type().shape;
    ir::SliceAttributes turns{ir::Dims(whole.size(), 0), whole, ir::Dims(whole.size(), 1)};
    turns.step[axis] = static_cast<std::int64_t>(c.node().operands().size());
    for (std::size_t i = 0; i < c.node().operands().size(); ++i) {
        turns.start[axis] = std::min(static_cast<std::int64_t>(i), whole[axis]);
        if (c.needs(i)) {
            c.contribute(i, make_term(c, Op::slice, turns, {c.cotangent().value()}));
        }
    }
}

void vjp_gather(const VjpContext& c) {
    const auto axis = c.node().attributes_as<ir::GatherAttributes>().axis;
    const Term zeros = c.operand(0).filled(0);
    c.contribute_masked(0, make_term(c, Op::scatter_add, ir::ScatterAttributes{axis},
                                     {zeros.value(), c.node().operand(1), c.cotangent().value()}));
}

void vjp_scatter_add(const VjpContext& c) {
    const auto axis = c.node().attributes_as<ir::ScatterAttributes>().axis;
    c.contribute(0, c.cotangent());
    if (c.needs(2)) {
        c.contribute(2, make_term(c, Op::gather, ir::GatherAttributes{axis},
                                  {c.cotangent().value(), c.node().operand(1)}));
    }
}

}  // namespace latent::passes
