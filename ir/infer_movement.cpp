#include <algorithm>

#include "ir/inference.h"

// Shape rules of views and of what reads and writes by index.

namespace latent::ir {

Type Inference::moved() const {
    switch (op_) {
        case Op::permute:
            return permute();
        case Op::reshape:
            return reshape();
        case Op::optimization_barrier:
            return type(0);
        case Op::broadcast:
            return broadcast();
        case Op::slice:
            return slice();
        case Op::flip:
            require_axes(as<FlipAttributes>().axes.span(), type(0).rank());
            return type(0);
        case Op::window:
            return window();
        case Op::fold:
            return fold();
        case Op::pad:
            return pad();
        case Op::concat:
            return concat();
        case Op::interleave:
            return interleave();
        case Op::gather:
            return {type(0).dtype, gathered_shape(as<GatherAttributes>().axis)};
        case Op::scatter_add:
            return scatter_add();
        default:
            throw InternalError("neither view nor index op");
    }
}

Type Inference::permute() const {
    const Axes& permutation = as<PermuteAttributes>().permutation;
    require_one_each(permutation.size(), "axes");
    require_axes(permutation.span(), type(0).rank());
    Type result{type(0).dtype, {}};
    for (const std::int64_t axis : permutation) {
        result.shape.push_back(type(0).shape[static_cast<std::size_t>(axis)]);
    }
    return result;
}

Type Inference::reshape() const {
    const Shape& shape = as<ReshapeAttributes>().shape;
    require_extents(shape.span());
    if (element_count(shape.span()) != type(0).element_count()) {
        fail<ShapeError>("{} has {} elements, shape {} has {}", text(0), type(0).element_count(),
                         to_string(shape), element_count(shape.span()));
    }
    return {type(0).dtype, shape};
}

Type Inference::broadcast() const {
    const auto& [shape, axes] = as<BroadcastAttributes>();
    require_extents(shape.span());
    require_one_each(axes.size(), "axes");
    require_axes(axes.span(), shape.size());
    require_increasing(axes.span());
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (type(0).shape[i] != shape[static_cast<std::size_t>(axes[i])]) {
            fail<ShapeError>("{} does not broadcast to {} along axes {}", text(0), to_string(shape),
                             to_string(axes));
        }
    }
    return {type(0).dtype, shape};
}

Type Inference::slice() const {
    const auto& [start, stop, step] = as<SliceAttributes>();
    require_one_each(start.size(), "starts");
    require_one_each(stop.size(), "stops");
    require_one_each(step.size(), "steps");
    Type result{type(0).dtype, {}};
    for (std::size_t i = 0; i < start.size(); ++i) {
        if (start[i] < 0 || stop[i] < start[i] || stop[i] > type(0).shape[i] || step[i] < 1) {
            fail<ShapeError>("{}:{}:{} is no range of axis {} of {}", start[i], stop[i], step[i], i,
                             text(0));
        }
        const std::int64_t length = stop[i] - start[i];
        result.shape.push_back(length / step[i] + (length % step[i] != 0 ? 1 : 0));
    }
    return result;
}

Type Inference::window() const {
    const auto& [axes, size, stride, dilation] = as<WindowAttributes>();
    require_axes(axes.span(), type(0).rank());
    if (size.size() != axes.size() || stride.size() != axes.size() ||
        dilation.size() != axes.size()) {
        fail<ShapeError>("needs one size, stride and dilation for each of axes {}",
                         to_string(axes));
    }
    Type result = type(0);
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::int64_t extent = type(0).shape[static_cast<std::size_t>(axes[i])];
        if (size[i] < 1 || stride[i] < 1 || dilation[i] < 1 ||
            span(size[i], dilation[i]) > extent) {
            fail<ShapeError>("a window of {} (stride {}, dilation {}) does not fit axis {} of {}",
                             size[i], stride[i], dilation[i], axes[i], text(0));
        }
        result.shape[static_cast<std::size_t>(axes[i])] =
            (extent - span(size[i], dilation[i])) / stride[i] + 1;
    }
    result.shape.append(size.span());
    return result;
}

Type Inference::fold() const {
    const auto& [axes, size, stride, dilation, extent] = as<FoldAttributes>();
    const std::size_t windows = axes.size();
    if (type(0).rank() < 2 * windows || size.size() != windows || stride.size() != windows ||
        dilation.size() != windows || extent.size() != windows) {
        fail<ShapeError>("attributes for {} windowed axes do not fit {}", windows, text(0));
    }
    const std::size_t rank = type(0).rank() - windows;
    require_axes(axes.span(), rank);
    Type result{type(0).dtype, Shape(type(0).shape.span().first(rank))};
    for (std::size_t i = 0; i < windows; ++i) {
        const auto axis = static_cast<std::size_t>(axes[i]);
        const std::int64_t length = span(size[i], dilation[i]);
        if (type(0).shape[rank + i] != size[i] || stride[i] < 1 || dilation[i] < 1 ||
            extent[i] < length || (extent[i] - length) / stride[i] + 1 != type(0).shape[axis]) {
            fail<ShapeError>(
                "{} does not hold the windows of size {}, stride {}, dilation {} of {} elements",
                text(0), size[i], stride[i], dilation[i], extent[i]);
        }
        result.shape[axis] = extent[i];
    }
    return result;
}

Type Inference::pad() const {
    const auto& [low, high, interior] = as<PadAttributes>();
    require_one_each(low.size(), "low pads");
    require_one_each(high.size(), "high pads");
    require_one_each(interior.size(), "interior pads");
    if (type(1).rank() != 0 || type(1).dtype != type(0).dtype) {
        fail<TypeError>("the fill value must be {}[], got {}", name(type(0).dtype), text(1));
    }
    Type result{type(0).dtype, {}};
    for (std::size_t i = 0; i < low.size(); ++i) {
        const std::int64_t gaps = std::max<std::int64_t>(0, type(0).shape[i] - 1);
        const std::int64_t inner = sum(type(0).shape[i], product(gaps, interior[i]));
        const std::int64_t extent = sum(sum(low[i], inner), high[i]);
        if (interior[i] < 0 || extent < 0) {
            fail<ShapeError>("pads ({}, {}, interior {}) leave a negative extent on axis {} of {}",
                             low[i], high[i], interior[i], i, text(0));
        }
        result.shape.push_back(extent);
    }
    return result;
}

Type Inference::concat() const {
    const std::int64_t axis = as<ConcatAttributes>().axis;
    require_axes(std::span(&axis, 1), type(0).rank());
    Type result = type(0);
    const auto along = static_cast<std::size_t>(axis);
    for (std::size_t i = 1; i < operands_.size(); ++i) {
        if (type(i).dtype != result.dtype) {
            fail<TypeError>("dtypes {} and {} differ", name(result.dtype), name(type(i).dtype));
        }
        Shape expected = type(0).shape;
        if (type(i).rank() == expected.size()) {
            expected[along] = type(i).shape[along];
        }
        if (type(i).shape != expected) {
            fail<ShapeError>("shapes {} and {} differ beside axis {}", to_string(type(0).shape),
                             to_string(type(i).shape), axis);
        }
        result.shape[along] = sum(result.shape[along], type(i).shape[along]);
    }
    return result;
}

/// Of each operand as many elements as its turns are.
Type Inference::interleave() const {
    const Type result = concat();
    const auto along = static_cast<std::size_t>(as<ConcatAttributes>().axis);
    const auto count = static_cast<std::int64_t>(operands_.size());
    for (std::size_t i = 0; i < operands_.size(); ++i) {
        const std::int64_t turns =
            (result.shape[along] + count - 1 - static_cast<std::int64_t>(i)) / count;
        if (type(i).shape[along] != turns) {
            fail<ShapeError>(
                "{} elements that {} operands take turns in are {} of operand {}, not {}",
                result.shape[along], count, turns, i, type(i).shape[along]);
        }
    }
    return result;
}

Shape Inference::gathered_shape(std::int64_t axis) const {
    require_axes(std::span(&axis, 1), type(0).rank());
    if (!is_integer(type(1).dtype)) {
        fail<TypeError>("indices must be integers, got {}", name(type(1).dtype));
    }
    const auto along = static_cast<std::size_t>(axis);
    if (type(0).shape[along] == 0 && type(1).element_count() != 0) {
        fail<ShapeError>("nothing to index: axis {} of {} is empty", axis, text(0));
    }
    Shape shape(type(0).shape.span().first(along));
    shape.append(type(1).shape.span());
    shape.append(type(0).shape.span().subspan(along + 1));
    return shape;
}

Type Inference::scatter_add() const {
    const Shape expected = gathered_shape(as<ScatterAttributes>().axis);
    require_dtype(type(0).dtype != DType::boolean, "a number");
    if (type(2).dtype != type(0).dtype) {
        fail<TypeError>("dtypes {} and {} differ", name(type(0).dtype), name(type(2).dtype));
    }
    if (type(2).shape != expected) {
        fail<ShapeError>("updates {} do not have the shape {} that operand and indices give",
                         text(2), to_string(expected));
    }
    return type(0);
}

}  // namespace latent::ir
