#include "passes/rewriting/phased_convolution.h"

#include <array>
#include <utility>

#include "passes/rewriting/contraction_labels.h"
#include "passes/rewriting/view_algebra.h"

namespace latent::passes {

namespace {

using ir::Dims;
using ir::Op;
using ir::Value;
using Extents = std::map<std::int64_t, std::int64_t>;

/// A value whose dimensions have labels.
struct Labelled {
    Value value;
    Dims labels;
};

ir::Shape shape_of_labels(const Dims& labels, const Extents& extents) {
    ir::Shape shape;
    for (const std::int64_t label : labels) {
        shape.push_back(extents.at(label));
    }
    return shape;
}

Value permuted(const Labelled& from, const Dims& to, const std::source_location& location) {
    ir::Axes permutation;
    for (const std::int64_t label : to) {
        permutation.push_back(static_cast<std::int64_t>(position_of(from.labels, label)));
    }
    return ir::permute(from.value, permutation.span(), location);
}

Value contract(const PhasedConvolution& convolution, const Dims& out,
               const std::source_location& location) {
    const auto& [image, filter] = std::pair(convolution.image_labels, convolution.filter_labels);
    const std::array operands = convolution.filter_first
                                    ? std::array{convolution.filter, convolution.image}
                                    : std::array{convolution.image, convolution.filter};
    return ir::make(
        Op::contraction,
        convolution.filter_first ? numbered({filter, image, out}) : numbered({image, filter, out}),
        operands, location);
}

/// The contraction with features and phases as one dimension, which is taken apart again.
Labelled with_one_dimension_of_features(PhasedConvolution convolution, const MemoryOrder& order,
                                        const std::source_location& location) {
    // Neighbours in memory are neighbours in the image, if they can be.
    Dims merged = order.after.empty() ? convolution.phases : order.features;
    merged.append((order.after.empty() ? order.features : convolution.phases).span());
    Dims labels;
    for (const std::int64_t label : convolution.filter_labels) {
        if (!contains(merged, label)) {
            labels.push_back(label);
        }
    }
    Dims stored = labels;
    stored.append(merged.span());
    const std::int64_t whole = convolution.extents.rbegin()->first + 1;
    convolution.extents[whole] =
        ir::element_count(shape_of_labels(merged, convolution.extents).span());
    labels.push_back(whole);
    convolution.filter =
        ir::reshape(permuted({convolution.filter, convolution.filter_labels}, stored, location),
                    shape_of_labels(labels, convolution.extents).span(), location);
    convolution.filter_labels = labels;

    Dims out = order.before;
    out.push_back(whole);
    out.append(order.after.span());
    Dims apart = order.before;
    apart.append(merged.span());
    apart.append(order.after.span());
    return {ir::reshape(contract(convolution, out, location),
                        shape_of_labels(apart, convolution.extents).span(), location),
            apart};
}

}  // namespace

Dims MemoryOrder::all() const {
    Dims labels = before;
    labels.append(features.span());
    labels.append(after.span());
    return labels;
}

MemoryOrder memory_order(const Dims& image_labels, const Dims& out) {
    MemoryOrder order;
    for (const std::int64_t label : out) {
        if (!contains(image_labels, label)) {
            order.features.push_back(label);
        }
    }
    bool is_after = false;
    for (const std::int64_t label : image_labels) {
        const bool is_kept = contains(out, label);
        // What is contracted first are the features of the image; windows are its last dimensions.
        is_after = is_after || !is_kept;
        if (is_kept) {
            (is_after ? order.after : order.before).push_back(label);
        }
    }
    return order;
}

Value interleaved(PhasedConvolution convolution, const std::source_location& location) {
    if (convolution.phases.empty()) {
        return contract(convolution, convolution.out, location);
    }
    const MemoryOrder order = memory_order(convolution.image_labels, convolution.out);
    Labelled result;
    if (order.features.empty()) {
        result.labels = convolution.out;
        result.labels.append(convolution.phases.span());
        result.value = contract(convolution, result.labels, location);
    } else {
        result = with_one_dimension_of_features(convolution, order, location);
    }
    // Each phase behind the dimension it belongs to, of which it is a part.
    Dims in_place;
    ir::Shape whole;
    for (const std::int64_t label : order.all()) {
        in_place.push_back(label);
        whole.push_back(convolution.extents.at(label));
        if (contains(convolution.counts, label)) {
            in_place.push_back(convolution.phases[position_of(convolution.counts, label)]);
            whole.back() *= convolution.extents.at(in_place.back());
        }
    }
    const Value image = ir::reshape(permuted(result, in_place, location), whole.span(), location);
    return permuted({image, order.all()}, convolution.out, location);
}

}  // namespace latent::passes
