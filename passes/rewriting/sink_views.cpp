#include <algorithm>
#include <vector>

#include "passes/pass.h"
#include "passes/rewriting/view_algebra.h"

// slice(f(a, b)) -> f(slice a, slice b), for slices and flips.
//
// Why: inside a fused kernel a permute, reshape or broadcast between two stages is no more than a
// renaming of loop dimensions, so those may stay where they are. A slice or flip changes which
// elements a loop visits, which only the address of a stored operand can express. One in the middle
// of a chain would cut it in two, one at its start costs nothing; and what a slice leaves out is
// then not computed at all.
//
// How: users before operands, each node collects the view that its users want of it. If all want
// the same, a node that can hand it on (see `through`) does so and computes nothing else; where
// they differ, it is computed whole and each user takes its view of that. So nothing is computed
// twice, and the pass is linear however deep the chains are.
//
// Windows do not sink: their elements overlap, so a chain under them would be computed several
// times over. But a slice passes them. (The gradient of a padded convolution ends in one, which
// meets the padding of its transpose there.)

namespace latent::passes {

namespace {

using ir::Op;
using ir::Value;

/// For each operand the view that gives `view` of the node's result; empty if there is none.
using OperandViews = std::vector<StridedView>;

OperandViews through_broadcast(const ir::Node& node, const StridedView& view) {
    StridedView source;
    for (const std::int64_t axis : node.attributes_as<ir::BroadcastAttributes>().axes) {
        source.push_back(view[static_cast<std::size_t>(axis)]);
    }
    return {source};
}

OperandViews through_permute(const ir::Node& node, const StridedView& view) {
    StridedView source = view;
    const auto& permutation = node.attributes_as<ir::PermuteAttributes>().permutation;
    for (std::size_t i = 0; i < permutation.size(); ++i) {
        source[static_cast<std::size_t>(permutation[i])] = view[i];
    }
    return {source};
}

/// The dimensions of one group of a reshape: they must be seen whole, or pair off, or be one
/// dimension split of which the outermost part is sliced.
bool through_reshape_group(const ReshapeGroup& group, const ir::Shape& shape,
                           const StridedView& view, StridedView& source) {
    const auto is_whole_dimension = [&](std::int64_t dim) {
        const auto i = static_cast<std::size_t>(dim);
        return view[i] == Range{0, 1, shape[i]};
    };
    if (std::ranges::all_of(group.to, is_whole_dimension)) {
        return true;
    }
    if (group.from.size() != 1) {
        return false;
    }
    Range range = view[static_cast<std::size_t>(group.to[0])];
    if (group.to.size() > 1) {
        if (range.step != 1 ||
            !std::all_of(group.to.begin() + 1, group.to.end(), is_whole_dimension)) {
            return false;
        }
        for (const std::int64_t dim : group.to.span().subspan(1)) {
            range.start *= shape[static_cast<std::size_t>(dim)];
            range.count *= shape[static_cast<std::size_t>(dim)];
        }
    }
    source[static_cast<std::size_t>(group.from[0])] = range;
    return true;
}

OperandViews through_reshape(const ir::Node& node, const StridedView& view) {
    const ir::Shape& from = node.operand(0).type().shape;
    const ir::Shape& to = node.type().shape;
    const std::optional<ReshapeGroups> groups = reshape_groups(from, to);
    // A dimension of extent 1 can only be taken or left out; leaving it out is the end of the
    // matter.
    if (!groups || contains(shape_of(view), 0)) {
        return {};
    }
    StridedView source = whole(from);
    for (const ReshapeGroup& group : *groups) {
        if (!through_reshape_group(group, to, view, source)) {
            return {};
        }
    }
    return {source};
}

/// Fewer windows need fewer elements; which elements of a window stays as it is.
OperandViews through_window(const ir::Node& node, const StridedView& view) {
    const auto& [axes, size, stride, dilation] = node.attributes_as<ir::WindowAttributes>();
    StridedView source(view.span().first(node.operand(0).type().rank()));
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto axis = static_cast<std::size_t>(axes[i]);
        Range& range = source[axis];
        if (range.step != 1 || range.count == 0 ||
            view[source.size() + i] != Range{0, 1, size[i]}) {
            return {};
        }
        if (range.count == node.type().shape[axis]) {
            // With the elements after the last window, if any.
            range.count = node.operand(0).type().shape[axis];
        } else {
            range.start *= stride[i];
            range.count = (range.count - 1) * stride[i] + (size[i] - 1) * dilation[i] + 1;
        }
    }
    return {source};
}

OperandViews through_reduce(const ir::Node& node, const StridedView& view) {
    const auto& axes = node.attributes_as<ir::ReduceAttributes>().axes;
    StridedView source = whole(node.operand(0).type().shape);
    std::size_t next = 0;
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (!contains(axes, static_cast<std::int64_t>(i))) {
            source[i] = view[next++];
        }
    }
    return OperandViews(node.operands().size(), source);
}

/// Sliced only: to flip the operands is no better than to flip the result.
OperandViews through_contraction(const ir::Node& node, const StridedView& view) {
    if (std::ranges::any_of(view, [](const Range& range) { return range.step < 0; })) {
        return {};
    }
    const auto& labels = node.attributes_as<ir::ContractionAttributes>();
    OperandViews sources;
    for (std::size_t side = 0; side < 2; ++side) {
        const ir::Dims& operand_labels = side == 0 ? labels.lhs : labels.rhs;
        StridedView source = whole(node.operand(side).type().shape);
        for (std::size_t i = 0; i < source.size(); ++i) {
            if (contains(labels.out, operand_labels[i])) {
                source[i] = view[position_of(labels.out, operand_labels[i])];
            }
        }
        sources.push_back(source);
    }
    return sources;
}

/// Which element the first of a range is, of `count` operands that take turns.
struct Turn {
    std::int64_t operand = 0;
    std::int64_t element = 0;
};
Turn turn_of(std::int64_t place, std::int64_t count) {
    return {place % count, place / count};
}

/// A run of the turns begins with another operand than the whole.
OperandViews through_interleave(const ir::Node& node, const StridedView& view) {
    const auto axis = static_cast<std::size_t>(node.attributes_as<ir::ConcatAttributes>().axis);
    const auto count = static_cast<std::int64_t>(node.operands().size());
    const Range along = view[axis];
    if (along.step != 1) {
        return {};
    }
    OperandViews sources(node.operands().size(), view);
    for (std::int64_t i = 0; i < count; ++i) {
        const auto [operand, element] = turn_of(along.start + i, count);
        const std::int64_t turns = (along.count + count - 1 - i) / count;
        sources[static_cast<std::size_t>(operand)][axis] = {turns == 0 ? 0 : element, 1, turns};
    }
    return sources;
}

OperandViews through(const ir::Node& node, const StridedView& view) {
    switch (ir::category(node.op())) {
        case ir::Category::unary:
        case ir::Category::binary:
        case ir::Category::compare:
        case ir::Category::ternary:
            return OperandViews(node.operands().size(), view);
        case ir::Category::reduce:
            return through_reduce(node, view);
        case ir::Category::contract:
            return through_contraction(node, view);
        case ir::Category::view:
            break;
        case ir::Category::index:
            return node.op() == Op::interleave ? through_interleave(node, view) : OperandViews{};
        case ir::Category::leaf:
        case ir::Category::scan:
        case ir::Category::boundary:
            return {};
    }
    switch (node.op()) {
        case Op::broadcast:
            return through_broadcast(node, view);
        case Op::permute:
            return through_permute(node, view);
        case Op::reshape:
            return through_reshape(node, view);
        case Op::window:
            return through_window(node, view);
        case Op::slice:
        case Op::flip:
            return {compose(view, strided_view_of(node))};
        default:
            return {};
    }
}

/// The `view` of a node's result, from what the node becomes of its viewed operands.
Value rebuild(const ir::Node& node, std::vector<Value> operands, const StridedView& view) {
    const ir::Shape shape = shape_of(view);
    switch (node.op()) {
        case Op::interleave: {
            const auto axis =
                static_cast<std::size_t>(node.attributes_as<ir::ConcatAttributes>().axis);
            const auto count = static_cast<std::int64_t>(operands.size());
            std::ranges::rotate(operands,
                                operands.begin() + turn_of(view[axis].start, count).operand);
            return ir::make(node.op(), node.attributes(), operands, node.location());
        }
        case Op::broadcast:
            return ir::broadcast(operands[0], shape.span(),
                                 node.attributes_as<ir::BroadcastAttributes>().axes.span(),
                                 node.location());
        case Op::reshape:
            return ir::reshape(operands[0], shape.span(), node.location());
        case Op::slice:
        case Op::flip: {
            const Value unchanged{ir::NodeRef::share(node)};
            return same_strided_views(operands[0], unchanged) ? unchanged : operands[0];
        }
        default:
            return ir::make(node.op(), node.attributes(), operands, node.location());
    }
}

/// What is known of one node on the way down, and its new value on the way up. Most nodes have no
/// view, so views are kept beside and named by position.
struct Sinking {
    static constexpr std::uint32_t whole_view = 0;

    /// What all users want; the whole value where they disagree, or where the node cannot hand its
    /// view on.
    std::uint32_t view = whole_view;
    /// What the node would have its operands be; whole_view if they stay whole.
    std::uint32_t operand_views = whole_view;
    bool wanted = false;
    Value value;
};

class ViewSinker {
  public:
    ViewSinker(const ir::Graph& graph, PassContext& context)
        : graph_(graph),
          context_(context),
          order_(ir::topological_order(graph.results)),
          nodes_(order_.size()) {}

    ir::Graph run() {
        if (std::ranges::none_of(
                order_, [](const ir::Node* node) { return is_strided_view(node->op()); })) {
            return graph_;
        }
        for (const Value& result : graph_.results) {
            want(result, nullptr);
        }
        for (auto node = order_.rbegin(); node != order_.rend(); ++node) {
            hand_down(**node);
        }
        for (const ir::Node* node : order_) {
            Sinking& sinking = nodes_[node];
            sinking.value = rebuilt(*node, sinking);
        }
        ir::Graph result;
        for (const Value& value : graph_.results) {
            result.results.push_back(nodes_.at(value.node.get()).value);
        }
        return result;
    }

  private:
    /// Of a value that is wanted whole, null.
    const StridedView* view_of(const Sinking& sinking) const {
        return sinking.view == Sinking::whole_view ? nullptr : &views_[sinking.view];
    }

    static bool same(const StridedView* a, const StridedView* b) {
        return a == nullptr || b == nullptr ? a == b : *a == *b;
    }

    /// Null where it is the whole operand.
    const StridedView* view_for_operand(const ir::Node& node, const Sinking& sinking,
                                        std::size_t i) const {
        if (sinking.operand_views == Sinking::whole_view) {
            return nullptr;
        }
        const StridedView& view = operand_views_[sinking.operand_views][i];
        return is_whole(view, node.operand(i).type().shape) ? nullptr : &view;
    }

    void want(const Value& value, const StridedView* view) {
        Sinking& sinking = nodes_[value.node.get()];
        if (!sinking.wanted) {
            sinking.wanted = true;
            if (view != nullptr) {
                sinking.view = static_cast<std::uint32_t>(views_.size());
                views_.push_back(*view);
            }
        } else if (!same(view_of(sinking), view)) {
            sinking.view = Sinking::whole_view;
        }
    }

    void hand_down(const ir::Node& node) {
        Sinking& sinking = nodes_[&node];
        const bool viewed = sinking.view != Sinking::whole_view;
        if ((viewed || is_strided_view(node.op())) && context_.has_fuel()) {
            OperandViews views =
                through(node, viewed ? views_[sinking.view] : whole(node.type().shape));
            if (views.empty()) {
                sinking.view = Sinking::whole_view;
            } else {
                sinking.operand_views = static_cast<std::uint32_t>(operand_views_.size());
                operand_views_.push_back(std::move(views));
                if (viewed) {
                    context_.spend("sink_view");
                }
            }
        } else {
            sinking.view = Sinking::whole_view;
        }
        const Sinking handed = sinking;
        for (std::size_t i = 0; i < node.operands().size(); ++i) {
            want(node.operand(i), view_for_operand(node, handed, i));
        }
    }

    Value rebuilt(const ir::Node& node, const Sinking& sinking) const {
        const auto sinking_of = [&](std::size_t i) -> const Sinking& {
            return nodes_.at(node.operand(i).node.get());
        };
        std::vector<Value> operands;
        const bool viewed = sinking.view != Sinking::whole_view;
        // A slice that its operand did not take over stays.
        const bool taken_over =
            sinking.operand_views != Sinking::whole_view &&
            (viewed || same(view_of(sinking_of(0)), view_for_operand(node, sinking, 0)));
        for (std::size_t i = 0; i < node.operands().size(); ++i) {
            const Sinking& operand = sinking_of(i);
            const StridedView* wanted = taken_over ? view_for_operand(node, sinking, i) : nullptr;
            operands.push_back(same(view_of(operand), wanted)
                                   ? operand.value
                                   : take(operand.value, *wanted, node.location()));
        }
        if (!taken_over) {
            return ir::with_operands(node, operands);
        }
        return rebuild(node, std::move(operands),
                       viewed ? views_[sinking.view] : whole(node.type().shape));
    }

    const ir::Graph& graph_;
    PassContext& context_;
    std::vector<const ir::Node*> order_;
    ir::NodeMap<Sinking> nodes_;
    std::vector<StridedView> views_ = std::vector<StridedView>(1);
    std::vector<OperandViews> operand_views_ = std::vector<OperandViews>(1);
};

}  // namespace

ir::Graph sink_views(const ir::Graph& graph, PassContext& context) {
    return ViewSinker(graph, context).run();
}

}  // namespace latent::passes
