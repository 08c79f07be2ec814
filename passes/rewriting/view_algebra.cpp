#include "passes/rewriting/view_algebra.h"

#include <algorithm>

namespace latent::passes {

namespace {

Range normalised(const Range& range) {
    if (range.count == 0) {
        return {};
    }
    return range.count == 1 ? Range{range.start, 1, 1} : range;
}

}  // namespace

StridedView whole(const ir::Shape& shape) {
    StridedView view;
    for (const std::int64_t extent : shape) {
        view.push_back({0, 1, extent});
    }
    return view;
}

bool is_whole(const StridedView& view, const ir::Shape& shape) {
    return view == whole(shape);
}

bool is_strided_view(ir::Op op) {
    return op == ir::Op::slice || op == ir::Op::flip;
}

StridedView strided_view_of(const ir::Node& slice_or_flip) {
    StridedView view;
    if (slice_or_flip.op() == ir::Op::slice) {
        const auto& slice = slice_or_flip.attributes_as<ir::SliceAttributes>();
        for (std::size_t i = 0; i < slice.start.size(); ++i) {
            view.push_back(
                normalised({slice.start[i], slice.step[i], slice_or_flip.type().shape[i]}));
        }
        return view;
    }
    view = whole(slice_or_flip.type().shape);
    for (const std::int64_t axis : slice_or_flip.attributes_as<ir::FlipAttributes>().axes) {
        Range& range = view[static_cast<std::size_t>(axis)];
        range = normalised({range.count - 1, -1, range.count});
    }
    return view;
}

StridedView compose(const StridedView& outer, const StridedView& inner) {
    StridedView view;
    for (std::size_t i = 0; i < outer.size(); ++i) {
        view.push_back(normalised({inner[i].start + outer[i].start * inner[i].step,
                                   outer[i].step * inner[i].step, outer[i].count}));
    }
    return view;
}

ir::Shape shape_of(const StridedView& view) {
    ir::Shape shape;
    for (const Range& range : view) {
        shape.push_back(range.count);
    }
    return shape;
}

ir::Value take(const ir::Value& value, const StridedView& view,
               const std::source_location& location) {
    ir::SliceAttributes slice;
    ir::FlipAttributes flip;
    for (std::size_t i = 0; i < view.size(); ++i) {
        const auto& [start, step, count] = view[i];
        const std::int64_t last = start + (count - 1) * step;
        slice.start.push_back(count == 0 ? 0 : std::min(start, last));
        slice.stop.push_back(count == 0 ? 0 : std::max(start, last) + 1);
        slice.step.push_back(std::abs(step));
        if (step < 0) {
            flip.axes.push_back(static_cast<std::int64_t>(i));
        }
    }
    ir::Value result = value;
    const bool all_elements = shape_of(view) == value.type().shape;
    if (!all_elements) {
        result = ir::make(ir::Op::slice, slice, std::span(&result, 1), location);
    }
    if (!flip.axes.empty()) {
        result = ir::make(ir::Op::flip, flip, std::span(&result, 1), location);
    }
    return result;
}

bool same_strided_views(const ir::Value& a, const ir::Value& b) {
    const ir::Value* left = &a;
    const ir::Value* right = &b;
    while (left->node != right->node && left->op() == right->op() && is_strided_view(left->op()) &&
           left->node->attributes() == right->node->attributes()) {
        left = &left->node->operand(0);
        right = &right->node->operand(0);
    }
    return left->node == right->node;
}

std::optional<ReshapeGroups> reshape_groups(const ir::Shape& from, const ir::Shape& to) {
    if (contains(from, 0)) {
        return std::nullopt;
    }
    // Moves `next` over the dimensions of `shape` to one that counts, and takes it into the group.
    const auto take_dimension = [](const ir::Shape& shape, std::size_t& next, ir::Axes& axes,
                                   std::int64_t& product) {
        while (shape[next] == 1) {
            ++next;
        }
        axes.push_back(static_cast<std::int64_t>(next));
        product *= shape[next++];
    };
    const auto count_left = [](const ir::Shape& shape, std::size_t next) {
        return std::count_if(shape.begin() + next, shape.end(),
                             [](std::int64_t extent) { return extent != 1; });
    };
    ReshapeGroups groups;
    std::size_t next_from = 0;
    std::size_t next_to = 0;
    while (count_left(from, next_from) > 0) {
        ReshapeGroup group;
        std::int64_t from_product = 1;
        std::int64_t to_product = 1;
        take_dimension(from, next_from, group.from, from_product);
        while (from_product != to_product) {
            if (to_product < from_product) {
                take_dimension(to, next_to, group.to, to_product);
            } else {
                take_dimension(from, next_from, group.from, from_product);
            }
        }
        groups.push_back(group);
    }
    return groups;
}

ir::Shape without_unit_dimensions(const ir::Shape& shape) {
    ir::Shape result;
    for (const std::int64_t extent : shape) {
        if (extent != 1) {
            result.push_back(extent);
        }
    }
    return result;
}

bool differ_by_unit_dimensions(const ir::Shape& a, const ir::Shape& b) {
    return without_unit_dimensions(a) == without_unit_dimensions(b);
}

const ir::Value* uniform_source(const ir::Value& value) {
    if (value.type().rank() == 0) {
        return &value;
    }
    if (value.op() == ir::Op::broadcast && value.node->operand(0).type().rank() == 0) {
        return &value.node->operand(0);
    }
    return nullptr;
}

const ir::Literal* constant_of(const ir::Value& value) {
    const ir::Value* source = uniform_source(value);
    return source != nullptr && source->op() == ir::Op::constant
               ? &source->node->attributes_as<ir::ConstantAttributes>().value
               : nullptr;
}

bool contains(const ir::Dims& dims, std::int64_t wanted) {
    return std::ranges::find(dims, wanted) != dims.end();
}

std::size_t position_of(const ir::Dims& dims, std::int64_t wanted) {
    return static_cast<std::size_t>(std::ranges::find(dims, wanted) - dims.begin());
}

}  // namespace latent::passes
