#include "passes/transposed_convolution.h"

#include <algorithm>
#include <array>

#include "passes/view_algebra.h"

// Along one windowed axis, with o counting windows, k elements in a window of K, stride s and
// dilation d, the fold is
//     result[e] = sum over o, k with o * s + k * d = e of g[o] * w[k].
// Let p be g with s - 1 zeros between neighbours and (K - 1) * d zeros before the first: p[(K - 1)
// * d + o * s] = g[o], and zero elsewhere. Then, with k = K - 1 - j,
//     result[e] = sum over j of p[e + j * d] * w[K - 1 - j],
// windows of p with stride 1 and dilation d times w flipped. p needs E + (K - 1) * d elements for
// the E of the result, so E - (O - 1) * s - 1 zeros go after its last. The fold would write and
// read every product; the contraction sums them where they are made. It multiplies w by zeros that
// the fold does not have, so an infinite weight gives NaN there, as it does in the padding of any
// convolution.

namespace latent::passes {

namespace {

using ir::Dims;
using ir::Op;
using ir::Value;

/// Where the labels of all windows lie: counts in operand `counts` alone, elements in operand
/// `elements` alone.
struct Sides {
    std::size_t counts;
    std::size_t elements;
};

bool all_in_one(const Dims& wanted, const Dims& there, const Dims& not_there) {
    return std::ranges::all_of(wanted, [&](std::int64_t label) {
        return contains(there, label) && !contains(not_there, label);
    });
}

}  // namespace

Value transposed_convolution(const ir::Node& node, const RuleContext& context) {
    const Value& products = node.operand(0);
    if (products.op() != Op::contraction || !context.used_once(products)) {
        return {};
    }
    const auto& fold = node.attributes_as<ir::FoldAttributes>();
    if (fold.axes.empty()) {
        return {};
    }
    const auto& contraction = products.node->attributes_as<ir::ContractionAttributes>();
    const std::array<Dims, 2> labels = {contraction.lhs, contraction.rhs};
    const std::size_t rank = node.type().rank();
    const std::size_t windows = fold.axes.size();
    Dims counts;
    for (const std::int64_t axis : fold.axes) {
        counts.push_back(contraction.out[static_cast<std::size_t>(axis)]);
    }
    const Dims elements(contraction.out.span().subspan(rank));

    const auto fits = [&](const Sides& sides) {
        return all_in_one(counts, labels[sides.counts], labels[sides.elements]) &&
               all_in_one(elements, labels[sides.elements], labels[sides.counts]);
    };
    const Sides sides = fits({0, 1}) ? Sides{0, 1} : Sides{1, 0};
    if (!fits(sides) || labels[sides.counts].size() + windows > ir::max_rank) {
        return {};
    }

    const Value& gradient = products.node->operand(sides.counts);
    const Value& weight = products.node->operand(sides.elements);
    ir::PadAttributes pad;
    for (Dims* dims : {&pad.low, &pad.high, &pad.interior}) {
        dims->resize(gradient.type().rank());
    }
    ir::WindowAttributes window{{}, fold.size, Dims(windows, 1), fold.dilation};
    ir::Axes flipped;
    for (std::size_t i = 0; i < windows; ++i) {
        const std::size_t dim = position_of(labels[sides.counts], counts[i]);
        const std::int64_t last = (gradient.type().shape[dim] - 1) * fold.stride[i];
        pad.low[dim] = (fold.size[i] - 1) * fold.dilation[i];
        pad.high[dim] = fold.extent[i] - last - 1;
        pad.interior[dim] = fold.stride[i] - 1;
        window.axes.push_back(static_cast<std::int64_t>(dim));
        flipped.push_back(
            static_cast<std::int64_t>(position_of(labels[sides.elements], elements[i])));
    }
    std::ranges::sort(flipped);

    const auto& location = node.location();
    const Value zero = ir::constant(ir::Literal::zero(gradient.type().dtype), location);
    const Value padded = ir::make(Op::pad, pad, std::array{gradient, zero}, location);
    std::array<Value, 2> operands;
    operands[sides.counts] = ir::make(Op::window, window, std::span(&padded, 1), location);
    operands[sides.elements] =
        ir::make(Op::flip, ir::FlipAttributes{flipped}, std::span(&weight, 1), location);
    std::array<Dims, 2> new_labels = labels;
    new_labels[sides.counts].append(elements.span());
    const Dims out(contraction.out.span().first(rank));
    return ir::make(Op::contraction, ir::ContractionAttributes{new_labels[0], new_labels[1], out},
                    operands, location);
}

}  // namespace latent::passes
