#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "ir/rounding.h"
#include "passes/rewriting/rule.h"
#include "passes/rewriting/view_algebra.h"

// Along one windowed axis, with o counting windows, k elements in a window of K and stride s, the
// elements from `start` on of a fold are
//     result[e] = sum over o, k with o * s + k = start + e of x[o, k].
// Let e = q * s + r with 0 <= r < s, c = ceil(start / s) and shift = c * s - start. With j = q + c
// - o,
//     result[q * s + r] = sum over j of x[q + c - j, j * s + r - shift]
// where that is a window and an element of it, for J = floor((K - 1 + shift) / s) + 1 values of j.
// What x is computed from is, at these places:
//  - what is repeated along the elements of a window, at q + c - j: windows of J of it, backwards,
//    padded with zeros where there is no window;
//  - a window of p, p[o * s + k]: at p[start + e], whatever j is.
// For some j and r there is no element j * s + r - shift; these are masked.

namespace latent::passes {

namespace {

using ir::Dims;
using ir::Op;
using ir::Value;

/// Elements of a sum are part of the code, so there must not be too many.
constexpr std::int64_t most_terms = 64;
constexpr std::size_t most_nodes = 24;

/// A windowed axis of the result.
struct Windowed {
    std::size_t axis;
    std::int64_t stride, size;       ///< of windows
    std::int64_t start, extent;      ///< of the result, in the fold
    std::int64_t first, shift;       ///< c and shift
    std::int64_t terms, steps;       ///< J, and the values of q
    std::size_t step_dim, term_dim;  ///< in the terms; the phases are behind the steps
};

/// Writes what a fold sums as the terms of its elements: all dimensions of the result, in turn
/// steps and phases of those that are windowed, then the terms.
class FoldTerms {
  public:
    FoldTerms(const ir::Node& fold, const Dims& start, const ir::Shape& shape)
        : attributes_(fold.attributes_as<ir::FoldAttributes>()),
          location_(fold.location()),
          result_shape_(shape) {
        const ir::Shape& source = fold.operand(0).type().shape;
        dim_of_.resize(source.size());
        for (std::size_t i = 0; i < shape.size(); ++i) {
            dim_of_[i] = shape_.size();
            const auto found = std::ranges::find(attributes_.axes, static_cast<std::int64_t>(i));
            if (found == attributes_.axes.end()) {
                shape_.push_back(shape[i]);
                continue;
            }
            const auto window = static_cast<std::size_t>(found - attributes_.axes.begin());
            Windowed w{};
            w.axis = i;
            w.stride = attributes_.stride[window];
            w.size = attributes_.size[window];
            w.start = start[i];
            w.extent = shape[i];
            w.first = ir::ceiling_quotient(w.start, w.stride);
            w.shift = w.first * w.stride - w.start;
            w.terms = (w.size - 1 + w.shift) / w.stride + 1;
            w.steps = ir::ceiling_quotient(w.extent, w.stride);
            w.step_dim = shape_.size();
            shape_.push_back(w.steps);
            shape_.push_back(w.stride);
            windowed_.emplace(window, w);
        }
        for (std::size_t window = 0; window < attributes_.axes.size(); ++window) {
            windowed_.at(window).term_dim = shape_.size();
            dim_of_[shape.size() + window] = shape_.size();
            shape_.push_back(windowed_.at(window).terms);
        }
    }

    /// Whether the dimensions fit, and the terms are few.
    static bool fits(const ir::FoldAttributes& fold, std::size_t rank) {
        std::int64_t terms = 1;
        for (std::size_t i = 0; i < fold.axes.size(); ++i) {
            terms *= (fold.size[i] - 1) / fold.stride[i] + 2;
            if (fold.dilation[i] != 1) {
                return false;
            }
        }
        return !fold.axes.empty() && terms <= most_terms &&
               rank + 2 * fold.axes.size() <= ir::max_rank;
    }

    /// The sum of `terms`.
    Value sum(const Value& terms) const {
        ir::Axes axes;
        ir::Shape whole;
        for (std::size_t window = 0; window < windowed_.size(); ++window) {
            axes.push_back(static_cast<std::int64_t>(windowed_.at(window).term_dim));
        }
        Value result = ir::reduce(Op::reduce_sum, terms, axes.span(), location_);
        for (std::size_t i = 0; i < result_shape_.size(); ++i) {
            const Windowed* w = windowed_at(i);
            whole.push_back(w == nullptr ? result_shape_[i] : w->steps * w->stride);
        }
        result = ir::reshape(result, whole.span(), location_);
        if (whole == result_shape_) {
            return result;
        }
        const std::size_t rank = whole.size();
        return ir::make(Op::slice, ir::SliceAttributes{Dims(rank, 0), result_shape_, Dims(rank, 1)},
                        std::span(&result, 1), location_);
    }

    /// What the windows hold where there are some, and zero elsewhere; null if it is of another
    /// form.
    Value terms_of(const Value& x) {
        if (is_repeated(x)) {
            const Value held = held_along_elements(x);
            const std::optional<Value> mask = element_mask();
            return mask ? ir::make(Op::select, {*mask, held, zeros(x)}, location_) : held;
        }
        if (x.op() != Op::select) {
            return {};
        }
        const auto is_zero = [](const Value& value) {
            const ir::Literal* literal = constant_of(value);
            return literal != nullptr && literal->as_double() == 0;
        };
        const bool holds_first = is_zero(x.node->operand(2));
        const Value& held = x.node->operand(holds_first ? 1 : 2);
        if ((!holds_first && !is_zero(x.node->operand(1))) || !is_repeated(held)) {
            return {};
        }
        const Value seen = elementwise(x.node->operand(0));
        if (!seen) {
            return {};
        }
        Value chosen = held_along_elements(held);
        const Value zero = zeros(x);
        if (const std::optional<Value> mask = element_mask()) {
            chosen = ir::make(Op::select, {*mask, chosen, zero}, location_);
        }
        return holds_first ? ir::make(Op::select, {seen, chosen, zero}, location_)
                           : ir::make(Op::select, {seen, zero, chosen}, location_);
    }

  private:
    const Windowed* windowed_at(std::size_t axis) const {
        const auto found = std::ranges::find_if(
            windowed_, [&](const auto& entry) { return entry.second.axis == axis; });
        return found == windowed_.end() ? nullptr : &found->second;
    }

    Value zeros(const Value& like) const {
        return ir::full(ir::Literal::zero(like.type().dtype), shape_.span(), location_);
    }

    /// A broadcast that has no dimension for the elements of a window.
    bool is_repeated(const Value& x) const {
        return x.op() == Op::broadcast &&
               std::ranges::all_of(
                   x.node->attributes_as<ir::BroadcastAttributes>().axes, [&](std::int64_t axis) {
                       return axis < static_cast<std::int64_t>(result_shape_.size());
                   });
    }

    Value repeated_along_elements(const Value& x) const {
        return repeated_along_elements(x.node->operand(0),
                                       x.node->attributes_as<ir::BroadcastAttributes>().axes);
    }

    /// The same with zeros where there is no window, though it be the same in all windows.
    Value held_along_elements(const Value& x) const {
        const std::span counts = x.type().shape.span().first(result_shape_.size());
        ir::Axes axes;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            axes.push_back(static_cast<std::int64_t>(i));
        }
        return repeated_along_elements(
            ir::broadcast(x.node->operand(0), counts,
                          x.node->attributes_as<ir::BroadcastAttributes>().axes.span(), location_),
            axes);
    }

    Value repeated_along_elements(Value inner, const ir::Axes& axes) const {
        const std::size_t rank = axes.size();
        ir::PadAttributes pad{Dims(rank, 0), Dims(rank, 0), Dims(rank, 0)};
        ir::WindowAttributes windows;
        ir::Axes backwards;
        std::vector<std::int64_t> dims;  // of the terms
        for (std::size_t i = 0; i < rank; ++i) {
            const auto axis = static_cast<std::size_t>(axes[i]);
            dims.push_back(static_cast<std::int64_t>(dim_of_[axis]));
            const Windowed* w = windowed_at(axis);
            if (w == nullptr) {
                continue;
            }
            pad.low[i] = w->terms - 1 - w->first;
            pad.high[i] = w->steps + w->terms - 1 - inner.type().shape[i] - pad.low[i];
            windows.axes.push_back(static_cast<std::int64_t>(i));
            windows.size.push_back(w->terms);
            windows.stride.push_back(1);
            windows.dilation.push_back(1);
        }
        for (const std::int64_t axis : windows.axes) {
            const Windowed* w =
                windowed_at(static_cast<std::size_t>(axes[static_cast<std::size_t>(axis)]));
            backwards.push_back(static_cast<std::int64_t>(dims.size()));
            dims.push_back(static_cast<std::int64_t>(w->term_dim));
        }
        if (!windows.axes.empty()) {
            const Value zero = ir::constant(ir::Literal::zero(inner.type().dtype), location_);
            inner = ir::make(Op::pad, pad, std::array{inner, zero}, location_);
            inner = ir::make(Op::window, windows, std::span(&inner, 1), location_);
            inner =
                ir::make(Op::flip, ir::FlipAttributes{backwards}, std::span(&inner, 1), location_);
        }
        return in_terms(inner, dims);
    }

    /// `value`, whose dimension i is dims[i] of the terms, repeated along the others.
    Value in_terms(const Value& value, const std::vector<std::int64_t>& dims) const {
        std::vector<std::int64_t> order(dims.size());
        for (std::size_t i = 0; i < order.size(); ++i) {
            order[i] = static_cast<std::int64_t>(i);
        }
        std::ranges::sort(order, {},
                          [&](std::int64_t i) { return dims[static_cast<std::size_t>(i)]; });
        ir::Axes axes;
        for (const std::int64_t i : order) {
            axes.push_back(dims[static_cast<std::size_t>(i)]);
        }
        return ir::broadcast(ir::permute(value, order, location_), shape_.span(), axes.span(),
                             location_);
    }

    static bool is_plain(const ir::PadAttributes& pad) {
        return std::ranges::count(pad.interior, 0) ==
               static_cast<std::ptrdiff_t>(pad.interior.size());
    }

    bool is_same_window(const ir::Node& node) const {
        if (node.op() != Op::window) {
            return false;
        }
        const auto& window = node.attributes_as<ir::WindowAttributes>();
        return window.axes == attributes_.axes && window.size == attributes_.size &&
               window.stride == attributes_.stride && window.dilation == attributes_.dilation;
    }

    /// What a window sees at the element itself.
    Value seen(const ir::Node& window) const {
        Value p = window.operand(0);
        const std::size_t rank = result_shape_.size();
        ir::PadAttributes pad{Dims(rank, 0), Dims(rank, 0), Dims(rank, 0)};
        ir::Shape parts;
        std::vector<std::int64_t> dims;
        for (std::size_t i = 0; i < rank; ++i) {
            dims.push_back(static_cast<std::int64_t>(dim_of_[i]));
            if (const Windowed* w = windowed_at(i)) {
                pad.low[i] = -w->start;
                pad.high[i] = w->start + w->steps * w->stride - p.type().shape[i];
                parts.push_back(w->steps);
                parts.push_back(w->stride);
                dims.push_back(static_cast<std::int64_t>(w->step_dim + 1));
            } else {
                parts.push_back(result_shape_[i]);
            }
        }
        // What windows see is mostly padded: the part of it that is asked for needs less of that.
        Value fill = ir::constant(ir::Literal::zero(p.type().dtype), location_);
        if (p.op() == Op::pad && is_plain(p.node->attributes_as<ir::PadAttributes>())) {
            const auto& there = p.node->attributes_as<ir::PadAttributes>();
            for (std::size_t i = 0; i < rank; ++i) {
                pad.low[i] += there.low[i];
                pad.high[i] += there.high[i];
            }
            fill = p.node->operand(1);
            p = p.node->operand(0);
        }
        if (std::ranges::count(pad.low, 0) + std::ranges::count(pad.high, 0) <
            static_cast<std::ptrdiff_t>(2 * rank)) {
            p = ir::make(Op::pad, pad, std::array{p, fill}, location_);
        }
        return in_terms(ir::reshape(p, parts.span(), location_), dims);
    }

    Value leaf(const Value& x) const {
        if (is_repeated(x)) {
            return repeated_along_elements(x);
        }
        return is_same_window(*x.node) ? seen(*x.node) : Value{};
    }

    /// An elementwise function of what windows see and of what is repeated along their elements.
    Value elementwise(const Value& root) const {
        std::map<const ir::Node*, Value> done;
        std::vector<Value> pending{root};
        while (!pending.empty()) {
            const Value x = pending.back();
            if (done.contains(x.node.get())) {
                pending.pop_back();
                continue;
            }
            if (done.size() >= most_nodes) {
                return {};
            }
            if (!ir::is_elementwise(x.op())) {
                const Value value = leaf(x);
                if (!value) {
                    return {};
                }
                done.emplace(x.node.get(), value);
                continue;
            }
            std::vector<Value> operands;
            for (const Value& operand : x.node->operands()) {
                if (const auto found = done.find(operand.node.get()); found != done.end()) {
                    operands.push_back(found->second);
                } else {
                    pending.push_back(operand);
                }
            }
            if (operands.size() < x.node->operands().size()) {
                continue;
            }
            done.emplace(x.node.get(),
                         ir::make(x.op(), x.node->attributes(), operands, x.node->location()));
        }
        return done.at(root.node.get());
    }

    /// Whether the element j * s + r - shift is one of a window; nothing if all are.
    std::optional<Value> element_mask() const {
        std::optional<Value> mask;
        const auto require = [&](const Value& holds) {
            mask = mask ? ir::make(Op::bitwise_and, *mask, holds, location_) : holds;
        };
        for (const auto& [window, w] : windowed_) {
            const std::array parts{w.terms, w.stride};
            const std::vector<std::int64_t> dims{static_cast<std::int64_t>(w.term_dim),
                                                 static_cast<std::int64_t>(w.step_dim + 1)};
            const Value element =
                ir::reshape(ir::iota(DType::i32, w.terms * w.stride, location_), parts, location_);
            const auto compare = [&](Op op, std::int64_t bound) {
                const Value limit = ir::full(ir::Literal{DType::i32, bound}, parts, location_);
                require(in_terms(ir::make(op, element, limit, location_), dims));
            };
            if (w.shift > 0) {
                compare(Op::greater_equal, w.shift);
            }
            if (w.shift + w.size < w.terms * w.stride) {
                compare(Op::less, w.shift + w.size);
            }
        }
        return mask;
    }

    const ir::FoldAttributes& attributes_;
    std::source_location location_;
    ir::Shape result_shape_;
    ir::Shape shape_;                           ///< of the terms
    std::vector<std::size_t> dim_of_;           ///< of each dimension of what is summed
    std::map<std::size_t, Windowed> windowed_;  ///< by position in the attributes
};

/// The sum of what windows hold at an element (`fold`, or a slice of it), where that is a value of
/// the window, or chosen between it and zero by what the windows see. As a sum over the windows
/// that an element lies in, each phase of the stride by itself, nothing is computed for places
/// between the strides, or stored for each element of each window.
Value gathered_fold(const ir::Node& node, const RuleContext& context) {
    const ir::Node* fold = &node;
    Dims start(node.type().rank(), 0);
    if (node.op() == Op::slice) {
        const auto& slice = node.attributes_as<ir::SliceAttributes>();
        fold = node.operand(0).node.get();
        if (fold->op() != Op::fold || !context.used_once(node.operand(0)) ||
            std::ranges::any_of(slice.step, [](std::int64_t step) { return step != 1; })) {
            return {};
        }
        start = slice.start;
        const auto& axes = fold->attributes_as<ir::FoldAttributes>().axes;
        for (std::size_t i = 0; i < start.size(); ++i) {
            if (!contains(axes, static_cast<std::int64_t>(i)) &&
                node.type().shape[i] != fold->type().shape[i]) {
                return {};
            }
        }
    }
    if (node.type().element_count() == 0 || fold->operand(0).type().element_count() == 0 ||
        !FoldTerms::fits(fold->attributes_as<ir::FoldAttributes>(), node.type().rank())) {
        return {};
    }
    FoldTerms terms(*fold, start, node.type().shape);
    const Value summed = terms.terms_of(fold->operand(0));
    return summed ? terms.sum(summed) : Value{};
}

}  // namespace

ir::Graph gather_folds(const ir::Graph& graph, PassContext& context) {
    // Slices first: a fold is rewritten with the one above it.
    static const RuleSet sliced({{"gathered_fold", {Op::slice}, gathered_fold}});
    static const RuleSet whole({{"gathered_fold", {Op::fold}, gathered_fold}});
    return whole.apply(sliced.apply(graph, context), context);
}

}  // namespace latent::passes
