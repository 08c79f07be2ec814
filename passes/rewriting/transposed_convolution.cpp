#include "passes/rewriting/transposed_convolution.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "ir/rounding.h"
#include "passes/rewriting/phased_convolution.h"
#include "passes/rewriting/phases_apart.h"
#include "passes/rewriting/view_algebra.h"

// Along one windowed axis, with o counting windows, k elements in a window of K, stride s and
// dilation d, the fold is
//     result[e] = sum over o, k with o * s + k * d = e of g[o] * w[k].
// Let p be g with s - 1 zeros between neighbours and (K - 1) * d zeros before the first: p[(K - 1)
// * d + o * s] = g[o], and zero elsewhere. Then, with k = K - 1 - j,
//     result[e] = sum over j of p[e + j * d] * w[K - 1 - j],
// windows of p with stride 1 and dilation d times w flipped. p needs E + (K - 1) * d elements for
// the E of the result, so E - (O - 1) * s - 1 zeros go after its last. The fold would write and
// read every product; the contraction sums them where they are made.
//
// With a stride most of p is zeros. Where d = 1, each of the s phases r of e = q * s + r has
// windows of its own: k = j * s + r, for J(r) = ceil((K - r) / s) values of j, and o = q - j. With
// p now g with J(0) - 1 zeros before its first,
//     result[q * s + r] = sum over j of p[q + J(0) - J(r) + j] * w[(J(r) - 1 - j) * s + r]:
// a convolution for each phase (phases_apart.h). Or, where w has zeros after its last element up to
// J(0) * s, one convolution with s times the features, which are interleaved then.
//
// Either multiplies by zeros that the fold does not have, so an infinite weight (or, with phases as
// features, gradient) gives NaN there, as it does in the padding of any convolution.

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
    const auto phases = static_cast<std::size_t>(
        std::ranges::count_if(std::views::iota(std::size_t{0}, windows),
                              [&](std::size_t i) { return has_phases(fold, i); }));
    if (labels[sides.elements].size() + phases > ir::max_rank || rank + phases > ir::max_rank) {
        return {};
    }
    const FoldedProducts folded{fold,
                                gradient,
                                weight,
                                labels[sides.counts],
                                labels[sides.elements],
                                sides.elements == 0,
                                counts,
                                elements,
                                Dims(contraction.out.span().first(rank))};
    if (repays_phases_apart(folded)) {
        return phases_apart(folded, node.location());
    }
    const auto& location = node.location();
    const Value zero = ir::constant(ir::Literal::zero(gradient.type().dtype), location);
    const std::size_t weight_rank = weight.type().rank();
    ir::PadAttributes weight_pad{Dims(weight_rank, 0), Dims(weight_rank, 0), Dims(weight_rank, 0)};
    ir::WindowAttributes window{{}, {}, Dims(windows, 1), {}};
    for (std::size_t i = 0; i < windows; ++i) {
        const std::size_t dim = position_of(labels[sides.counts], counts[i]);
        window.axes.push_back(static_cast<std::int64_t>(dim));
        if (has_phases(fold, i)) {
            const std::int64_t size = ir::ceiling_quotient(fold.size[i], fold.stride[i]);
            const std::size_t element = position_of(labels[sides.elements], elements[i]);
            weight_pad.high[element] = size * fold.stride[i] - fold.size[i];
            window.size.push_back(size);
            window.dilation.push_back(1);
        } else {
            window.size.push_back(fold.size[i]);
            window.dilation.push_back(fold.dilation[i]);
        }
    }
    const Value padded = padded_gradient(folded, zero, location);
    Value filter = weight;
    if (phases != 0) {
        filter = ir::make(Op::pad, weight_pad, std::array{filter, zero}, location);
    }

    // The phases are dimensions of the filter, behind those of its elements.
    PhasedConvolution result;
    result.filter_labels = labels[sides.elements];
    result.image_labels = labels[sides.counts];
    result.image_labels.append(elements.span());
    result.filter_first = sides.elements == 0;
    result.out = Dims(contraction.out.span().first(rank));
    std::int64_t next_label = 0;
    for (std::size_t side = 0; side < 2; ++side) {
        for (std::size_t dim = 0; dim < labels[side].size(); ++dim) {
            const std::int64_t label = labels[side][dim];
            result.extents[label] = products.node->operand(side).type().shape[dim];
            next_label = std::max(next_label, label + 1);
        }
    }
    ir::Shape filter_shape = filter.type().shape;
    ir::Shape shape = node.type().shape;
    for (std::size_t i = 0; i < windows; ++i) {
        const std::size_t element = position_of(result.filter_labels, elements[i]);
        filter_shape[element] = window.size[i];
        result.extents[elements[i]] = window.size[i];
        result.extents[counts[i]] = fold.extent[i];
        if (has_phases(fold, i)) {
            filter_shape.insert(element + 1, fold.stride[i]);
            result.filter_labels.insert(element + 1, next_label);
            result.counts.push_back(counts[i]);
            result.phases.push_back(next_label);
            result.extents[next_label++] = fold.stride[i];
            result.extents[counts[i]] = ir::ceiling_quotient(fold.extent[i], fold.stride[i]);
            shape[static_cast<std::size_t>(fold.axes[i])] =
                result.extents[counts[i]] * fold.stride[i];
        }
    }
    filter = ir::reshape(filter, filter_shape.span(), location);
    ir::Axes flipped;
    for (const std::int64_t label : elements) {
        flipped.push_back(static_cast<std::int64_t>(position_of(result.filter_labels, label)));
    }
    std::ranges::sort(flipped);
    result.filter =
        ir::make(Op::flip, ir::FlipAttributes{flipped}, std::span(&filter, 1), location);
    result.image = ir::make(Op::window, window, std::span(&padded, 1), location);
    const Value convolution = interleaved(std::move(result), location);
    const ir::SliceAttributes slice{Dims(rank, 0), node.type().shape, Dims(rank, 1)};
    return shape == node.type().shape
               ? convolution
               : ir::make(Op::slice, slice, std::span(&convolution, 1), location);
}

}  // namespace latent::passes
