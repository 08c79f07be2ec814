#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ir/builder.h"
#include "ir/size_limits.h"

namespace latent::ir {

namespace {

/// One call of `infer`, with what its error messages need.
class Inference {
  public:
    Inference(Op op, const Attributes& attributes, std::span<const Value> operands,
              const std::source_location& location)
        : op_(op), attributes_(attributes), operands_(operands), location_(location) {}

    Type result() const {
        check_operand_count();
        Type result = inferred();
        // An element of the operands' shape that is no larger than theirs needs no other look.
        const bool is_countable_already = category(op_) == Category::binary ||
                                          category(op_) == Category::compare ||
                                          category(op_) == Category::ternary;
        if (!is_countable_already && !is_countable(result.shape.span(), result.dtype)) {
            fail<ShapeError>("shape {} of {} has 2^63 bytes or more", to_string(result.shape),
                             name(result.dtype));
        }
        return result;
    }

  private:
    Type inferred() const {
        switch (category(op_)) {
            case Category::leaf:
                return leaf();
            case Category::unary:
                return unary();
            case Category::binary:
                return binary();
            case Category::compare:
                return {DType::boolean, same_type().shape};
            case Category::ternary:
                return ternary();
            case Category::reduce:
                return reduce();
            case Category::scan:
                return scan();
            case Category::contract:
                return contraction();
            case Category::view:
            case Category::index:
                return moved();
            case Category::boundary:
                return type(0);
        }
        throw InternalError("an op without a category");
    }

    template <typename E, typename... Args>
    [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
        raise<E>(location_, fmt::format("{}: {}", name(op_),
                                        fmt::format(format, std::forward<Args>(args)...)));
    }

    template <typename A>
    const A& as() const {
        if (!std::holds_alternative<A>(attributes_)) {
            fail<InternalError>("attributes of another op");
        }
        return std::get<A>(attributes_);
    }

    const Type& type(std::size_t i) const { return operands_[i].type(); }
    std::string text(std::size_t i) const { return to_string(type(i)); }

    void check_operand_count() const {
        const int expected = info(op_).operands;
        if (expected < 0 ? operands_.empty()
                         : operands_.size() != static_cast<std::size_t>(expected)) {
            fail<ValueError>("takes {} operands, got {}",
                             expected < 0 ? std::string("one or more") : std::to_string(expected),
                             operands_.size());
        }
    }

    const Type& same_type() const {
        for (std::size_t i = 1; i < operands_.size(); ++i) {
            if (type(i).shape != type(0).shape) {
                fail<ShapeError>("shapes {} and {} differ", to_string(type(0).shape),
                                 to_string(type(i).shape));
            }
            if (type(i).dtype != type(0).dtype) {
                fail<TypeError>("dtypes {} and {} differ", name(type(0).dtype),
                                name(type(i).dtype));
            }
        }
        return type(0);
    }

    void require_dtype(bool holds, std::string_view wanted) const {
        if (!holds) {
            fail<TypeError>("takes {}, got {}", wanted, name(type(0).dtype));
        }
    }

    void require_extents(std::span<const std::int64_t> shape) const {
        for (const std::int64_t extent : shape) {
            if (extent < 0) {
                fail<ShapeError>("shape {} has a negative extent", to_string(shape));
            }
        }
        if (!is_countable(shape, DType::boolean)) {
            fail<ShapeError>("shape {} has 2^63 elements or more", to_string(shape));
        }
    }

    /// a + b, or ShapeError.
    std::int64_t sum(std::int64_t a, std::int64_t b) const {
        std::int64_t result = 0;
        if (__builtin_add_overflow(a, b, &result)) {
            fail<ShapeError>("extents {} and {} add up to 2^63 or more", a, b);
        }
        return result;
    }
    /// a * b, or ShapeError.
    std::int64_t product(std::int64_t a, std::int64_t b) const {
        std::int64_t result = 0;
        if (__builtin_mul_overflow(a, b, &result)) {
            fail<ShapeError>("the product of extents {} and {} is 2^63 or more", a, b);
        }
        return result;
    }
    /// Of a window, from its first element to its last.
    std::int64_t span(std::int64_t size, std::int64_t dilation) const {
        return sum(product(dilation, size - 1), 1);
    }

    /// Axes in range and without repeats.
    void require_axes(std::span<const std::int64_t> axes, std::size_t rank) const {
        for (std::size_t i = 0; i < axes.size(); ++i) {
            if (axes[i] < 0 || axes[i] >= static_cast<std::int64_t>(rank)) {
                fail<ShapeError>("axis {} is out of range for a shape of rank {}", axes[i], rank);
            }
            if (std::find(axes.begin(), axes.begin() + static_cast<std::ptrdiff_t>(i), axes[i]) !=
                axes.begin() + static_cast<std::ptrdiff_t>(i)) {
                fail<ShapeError>("axis {} is named twice in {}", axes[i], to_string(axes));
            }
        }
    }

    void require_increasing(std::span<const std::int64_t> axes) const {
        if (!std::is_sorted(axes.begin(), axes.end())) {
            fail<ShapeError>("axes {} must increase", to_string(axes));
        }
    }

    void require_one_each(std::size_t count, std::string_view what) const {
        if (count != type(0).rank()) {
            fail<ShapeError>("{} {} given for an operand {}", count, what, text(0));
        }
    }

    Type leaf() const;
    Type unary() const;
    Type binary() const;
    Type ternary() const;
    Type reduce() const;
    Type scan() const;
    Type contraction() const;
    Type moved() const;
    Type permute() const;
    Type reshape() const;
    Type broadcast() const;
    Type slice() const;
    Type window() const;
    Type fold() const;
    Type pad() const;
    Type concat() const;
    Shape gathered_shape(std::int64_t axis) const;
    Type scatter_add() const;

    Op op_;
    const Attributes& attributes_;
    std::span<const Value> operands_;
    const std::source_location& location_;
};

Type Inference::leaf() const {
    switch (op_) {
        case Op::constant:
        case Op::shape_number:
            return {as<ConstantAttributes>().value.dtype(), {}};
        case Op::scalar:
            return {as<ScalarAttributes>().value.dtype(), {}};
        case Op::parameter:
            require_extents(as<ParameterAttributes>().shape.span());
            return {as<ParameterAttributes>().dtype, as<ParameterAttributes>().shape};
        case Op::buffer:
            require_extents(as<BufferAttributes>().shape.span());
            return {as<BufferAttributes>().dtype, as<BufferAttributes>().shape};
        case Op::iota: {
            const auto& iota = as<IotaAttributes>();
            if (iota.extent < 0) {
                fail<ShapeError>("extent {} is negative", iota.extent);
            }
            if (iota.dtype == DType::boolean) {
                fail<TypeError>("takes a number dtype, got bool");
            }
            return {iota.dtype, {iota.extent}};
        }
        default:
            throw InternalError("not a leaf");
    }
}

Type Inference::unary() const {
    const DType dtype = type(0).dtype;
    switch (op_) {
        case Op::cast:
            return {as<CastAttributes>().dtype, type(0).shape};
        case Op::neg:
        case Op::abs:
        case Op::sign:
        case Op::floor:
        case Op::ceil:
        case Op::round:
        case Op::trunc:
            require_dtype(dtype != DType::boolean, "a number");
            break;
        case Op::bitwise_not:
            require_dtype(!is_floating(dtype), "an integer or bool");
            break;
        case Op::stop_gradient:
            break;
        default:
            require_dtype(is_floating(dtype), "a floating dtype");
    }
    return type(0);
}

Type Inference::binary() const {
    const Type& type = same_type();
    switch (op_) {
        case Op::div:
        case Op::atan2:
            require_dtype(is_floating(type.dtype), "a floating dtype");
            break;
        case Op::bitwise_and:
        case Op::bitwise_or:
        case Op::bitwise_xor:
            require_dtype(!is_floating(type.dtype), "an integer or bool");
            break;
        case Op::shift_left:
        case Op::shift_right:
            require_dtype(is_integer(type.dtype), "an integer");
            break;
        case Op::random_bits:
            require_dtype(type.dtype == DType::i64, "i64");
            return {DType::i32, type.shape};
        case Op::maximum:
        case Op::minimum:
            break;
        default:
            require_dtype(type.dtype != DType::boolean, "a number");
    }
    return type;
}

Type Inference::ternary() const {
    if (type(0).dtype != DType::boolean) {
        fail<TypeError>("the condition must be bool, got {}", name(type(0).dtype));
    }
    if (type(1).dtype != type(2).dtype) {
        fail<TypeError>("dtypes {} and {} differ", name(type(1).dtype), name(type(2).dtype));
    }
    if (type(1).shape != type(0).shape || type(2).shape != type(0).shape) {
        fail<ShapeError>("shapes {}, {} and {} differ", to_string(type(0).shape),
                         to_string(type(1).shape), to_string(type(2).shape));
    }
    return type(1);
}

Type Inference::reduce() const {
    const Axes& axes = as<ReduceAttributes>().axes;
    require_axes(axes.span(), type(0).rank());
    require_increasing(axes.span());
    const bool ordering = op_ == Op::reduce_max || op_ == Op::reduce_min;
    require_dtype(ordering || type(0).dtype != DType::boolean, "a number");
    Type result{type(0).dtype, {}};
    for (std::size_t i = 0; i < type(0).rank(); ++i) {
        if (std::ranges::find(axes, static_cast<std::int64_t>(i)) == axes.end()) {
            result.shape.push_back(type(0).shape[i]);
        } else if (ordering && type(0).shape[i] == 0 && type(0).dtype != DType::boolean) {
            fail<ShapeError>("no elements to reduce: axis {} of {} is empty", i, text(0));
        }
    }
    return result;
}

Type Inference::contraction() const {
    const auto& labels = as<ContractionAttributes>();
    if (type(0).dtype != type(1).dtype) {
        fail<TypeError>("dtypes {} and {} differ", name(type(0).dtype), name(type(1).dtype));
    }
    require_dtype(type(0).dtype != DType::boolean, "a number");
    if (labels.lhs.size() != type(0).rank() || labels.rhs.size() != type(1).rank()) {
        fail<ShapeError>("labels {} and {} do not fit operands {} and {}", to_string(labels.lhs),
                         to_string(labels.rhs), text(0), text(1));
    }
    const auto extent_in = [&](const Dims& dims, std::size_t operand, std::int64_t label) {
        const auto found = std::ranges::find(dims, label);
        return found == dims.end()
                   ? std::int64_t{-1}
                   : type(operand).shape[static_cast<std::size_t>(found - dims.begin())];
    };
    for (const Dims* dims : {&labels.lhs, &labels.rhs, &labels.out}) {
        for (const std::int64_t label : *dims) {
            if (std::ranges::count(*dims, label) != 1) {
                fail<ShapeError>("label {} is repeated in {}", label, to_string(*dims));
            }
            const std::int64_t left = extent_in(labels.lhs, 0, label);
            const std::int64_t right = extent_in(labels.rhs, 1, label);
            if (left >= 0 && right >= 0 && left != right) {
                fail<ShapeError>("dimension {} of {} and {} of {} must agree: {} and {}", label,
                                 text(0), label, text(1), left, right);
            }
            const bool in_out = std::ranges::find(labels.out, label) != labels.out.end();
            if ((left < 0) + (right < 0) + !in_out > 1) {
                fail<ShapeError>("label {} occurs in one place only", label);
            }
        }
    }
    Type result{type(0).dtype, {}};
    for (const std::int64_t label : labels.out) {
        result.shape.push_back(
            std::max(extent_in(labels.lhs, 0, label), extent_in(labels.rhs, 1, label)));
    }
    return result;
}

Type Inference::scan() const {
    const Type& result = same_type();
    if (op_ != Op::argsort) {
        require_dtype(result.dtype != DType::boolean, "numbers");
    }
    const std::int64_t axis = as<ScanAttributes>().axis;
    require_axes(std::span(&axis, 1), result.rank());
    return op_ == Op::argsort ? Type{DType::i64, result.shape} : result;
}

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

}  // namespace

Type infer(Op op, const Attributes& attributes, std::span<const Value> operands,
           const std::source_location& location) {
    return Inference(op, attributes, operands, location).result();
}

}  // namespace latent::ir
