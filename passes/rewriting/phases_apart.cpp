#include "passes/rewriting/phases_apart.h"

#include <algorithm>
#include <array>
#include <vector>

#include "ir/region.h"
#include "ir/rounding.h"
#include "passes/rewriting/contraction_labels.h"
#include "passes/rewriting/phased_convolution.h"
#include "passes/rewriting/view_algebra.h"

namespace latent::passes {

namespace {

using ir::Dims;
using ir::Op;
using ir::Value;

/// What the phases of one window have in common.
struct Phases {
    std::int64_t count = 1;
    std::int64_t size = 0;    ///< of the whole window
    std::int64_t extent = 0;  ///< of the result
    bool are_several = false;

    /// Elements of the window that a phase sums.
    std::int64_t terms(std::int64_t phase) const {
        return std::max<std::int64_t>(ir::ceiling_quotient(size - phase, count), 0);
    }
    /// Elements of the result.
    std::int64_t places(std::int64_t phase) const {
        return std::max<std::int64_t>(ir::ceiling_quotient(extent - phase, count), 0);
    }
};

std::vector<Phases> phases_of(const ir::FoldAttributes& fold) {
    std::vector<Phases> all;
    for (std::size_t i = 0; i < fold.axes.size(); ++i) {
        const bool several = has_phases(fold, i);
        all.push_back({several ? fold.stride[i] : 1, fold.size[i], fold.extent[i], several});
    }
    return all;
}

Dims labels_of_image(const FoldedProducts& products) {
    Dims labels = products.gradient_labels;
    labels.append(products.elements.span());
    return labels;
}

std::int64_t product_of_extents(const Dims& wanted, const Dims& labels, const ir::Shape& shape) {
    std::int64_t product = 1;
    for (const std::int64_t label : wanted) {
        product *= shape[position_of(labels, label)];
    }
    return product;
}

/// Builds the convolutions of the phases over one padded copy of the gradient.
class PhaseBuilder {
  public:
    PhaseBuilder(const FoldedProducts& products, const std::source_location& location)
        : products_(products), location_(location), phases_(phases_of(products.fold)) {
        for (const std::int64_t label : products.counts) {
            dims_of_gradient_.push_back(position_of(products.gradient_labels, label));
        }
        order_ = memory_order(labels_of_image(products), products.out).all();
        zero_ = ir::constant(ir::Literal::zero(products.gradient.type().dtype), location);
        padded_ = padded_gradient(products, zero_, location);
    }

    Value build() const {
        std::vector<Value> parts;
        std::vector<std::int64_t> phase(phases_.size(), 0);
        do {
            parts.push_back(part(phase));
        } while (advance(phase));
        for (std::size_t window = phases_.size(); window-- > 0;) {
            parts = interleaved_along(window, parts);
        }
        ir::Axes permutation;
        for (const std::int64_t label : products_.out) {
            permutation.push_back(static_cast<std::int64_t>(position_of(order_, label)));
        }
        return ir::permute(parts.front(), permutation.span(), location_);
    }

  private:
    /// The next combination, the last window first; false after the last.
    bool advance(std::vector<std::int64_t>& phase) const {
        for (std::size_t window = phases_.size(); window-- > 0;) {
            if (++phase[window] < phases_[window].count) {
                return true;
            }
            phase[window] = 0;
        }
        return false;
    }

    Value part(const std::vector<std::int64_t>& phase) const {
        const ir::FoldAttributes& fold = products_.fold;
        ir::WindowAttributes window;
        StridedView image = whole(padded_.type().shape);
        StridedView filter = whole(products_.weight.type().shape);
        Dims image_labels = products_.gradient_labels;
        Dims singles;  // of which a phase sums one element, as labels
        for (std::size_t i = 0; i < phases_.size(); ++i) {
            const std::int64_t label = products_.elements[i];
            const std::int64_t terms = phases_[i].terms(phase[i]);
            if (terms == 0) {
                return ir::broadcast(zero_, shape_of_part(phase).span(), {}, location_);
            }
            Range& elements = filter[position_of(products_.weight_labels, label)];
            if (phases_[i].are_several) {
                image[dims_of_gradient_[i]] = {phases_[i].terms(0) - terms, 1,
                                               phases_[i].places(phase[i]) + terms - 1};
            }
            if (terms == 1) {
                elements = {phase[i], 1, 1};
                singles.push_back(label);
                continue;
            }
            // From the last element of the phase to its first.
            elements = {phase[i] + (terms - 1) * phases_[i].count, -phases_[i].count, terms};
            window.axes.push_back(static_cast<std::int64_t>(dims_of_gradient_[i]));
            window.size.push_back(terms);
            window.stride.push_back(1);
            window.dilation.push_back(phases_[i].are_several ? 1 : fold.dilation[i]);
            image_labels.push_back(label);
        }
        Value seen = take(padded_, image, location_);
        if (!window.axes.empty()) {
            seen = ir::make(Op::window, window, std::span(&seen, 1), location_);
        }
        Dims weight_labels;
        ir::Shape weight_shape;
        for (std::size_t dim = 0; dim < filter.size(); ++dim) {
            if (!contains(singles, products_.weight_labels[dim])) {
                weight_labels.push_back(products_.weight_labels[dim]);
                weight_shape.push_back(filter[dim].count);
            }
        }
        const Value weight =
            ir::reshape(take(products_.weight, filter, location_), weight_shape.span(), location_);
        return products_.weight_first
                   ? ir::make(Op::contraction, numbered({weight_labels, image_labels, order_}),
                              std::array{weight, seen}, location_)
                   : ir::make(Op::contraction, numbered({image_labels, weight_labels, order_}),
                              std::array{seen, weight}, location_);
    }

    ir::Shape shape_of_part(const std::vector<std::int64_t>& phase) const {
        ir::Shape shape;
        for (const std::int64_t label : order_) {
            if (contains(products_.counts, label)) {
                const std::size_t window = position_of(products_.counts, label);
                shape.push_back(phases_[window].places(phase[window]));
            } else if (contains(products_.gradient_labels, label)) {
                shape.push_back(
                    products_.gradient.type().shape[position_of(products_.gradient_labels, label)]);
            } else {
                shape.push_back(
                    products_.weight.type().shape[position_of(products_.weight_labels, label)]);
            }
        }
        return shape;
    }

    /// One value of each group of neighbours, which differ in the phase of `window`.
    std::vector<Value> interleaved_along(std::size_t window,
                                         const std::vector<Value>& parts) const {
        if (!phases_[window].are_several) {
            return parts;
        }
        const auto axis = static_cast<std::int64_t>(position_of(order_, products_.counts[window]));
        const auto count = static_cast<std::size_t>(phases_[window].count);
        std::vector<Value> whole;
        for (std::size_t i = 0; i < parts.size(); i += count) {
            whole.push_back(ir::make(Op::interleave, ir::ConcatAttributes{axis},
                                     std::span(parts).subspan(i, count), location_));
        }
        return whole;
    }

    const FoldedProducts& products_;
    const std::source_location& location_;
    std::vector<Phases> phases_;
    std::vector<std::size_t> dims_of_gradient_;
    Dims order_;  ///< labels of the parts
    Value zero_, padded_;
};

}  // namespace

bool has_phases(const ir::FoldAttributes& fold, std::size_t window) {
    return fold.stride[window] > 1 && fold.dilation[window] == 1 && fold.size[window] > 1;
}

Value padded_gradient(const FoldedProducts& products, const Value& zero,
                      const std::source_location& location) {
    const ir::FoldAttributes& fold = products.fold;
    const std::vector<Phases> windows = phases_of(fold);
    const std::size_t rank = products.gradient.type().rank();
    ir::PadAttributes pad{Dims(rank, 0), Dims(rank, 0), Dims(rank, 0)};
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const std::size_t dim = position_of(products.gradient_labels, products.counts[i]);
        const std::int64_t count = products.gradient.type().shape[dim];
        if (windows[i].are_several) {
            pad.low[dim] = windows[i].terms(0) - 1;
            pad.high[dim] = windows[i].places(0) - count;
        } else {
            pad.low[dim] = (fold.size[i] - 1) * fold.dilation[i];
            pad.high[dim] = fold.extent[i] - (count - 1) * fold.stride[i] - 1;
            pad.interior[dim] = fold.stride[i] - 1;
        }
    }
    return ir::make(Op::pad, pad, std::array{products.gradient, zero}, location);
}

bool repays_phases_apart(const FoldedProducts& products) {
    constexpr std::int64_t most_phases = 16;
    // Rows that share a vector of the image; or, where they lie last, half of a vector.
    constexpr std::int64_t least_rows = 3;
    constexpr std::int64_t least_vector = 8;
    const std::vector<Phases> windows = phases_of(products.fold);
    std::int64_t phases = 1;
    for (const Phases& window : windows) {
        phases *= window.count;
    }
    const MemoryOrder order = memory_order(labels_of_image(products), products.out);
    const std::int64_t features =
        product_of_extents(order.features, products.weight_labels, products.weight.type().shape);
    // Along the last axis more elements than a short row has would be stored one by one.
    const auto last = std::ranges::find(products.counts, order.all().back());
    const bool fits_rows =
        last == products.counts.end() ||
        windows[static_cast<std::size_t>(last - products.counts.begin())].count <=
            ir::longest_row_side_by_side;
    return phases > 1 && phases <= most_phases && fits_rows &&
           features >= (order.after.empty() ? least_vector : least_rows);
}

Value phases_apart(const FoldedProducts& products, const std::source_location& location) {
    return PhaseBuilder(products, location).build();
}

}  // namespace latent::passes
