#include <algorithm>

#include "ir/inference.h"

namespace latent::ir {

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
    const bool gives_position = gives_a_position(op_);
    const bool ordering = op_ == Op::reduce_max || op_ == Op::reduce_min || gives_position;
    require_dtype(ordering || type(0).dtype != DType::boolean, "a number");
    if (gives_position && !is_integer(type(1).dtype)) {
        fail<TypeError>("positions must be integers, not {}", name(type(1).dtype));
    }
    if (gives_position && type(1).shape != type(0).shape) {
        fail<ShapeError>("shapes {} and {} differ", to_string(type(0).shape),
                         to_string(type(1).shape));
    }
    Type result{gives_position ? type(1).dtype : type(0).dtype, {}};
    for (std::size_t i = 0; i < type(0).rank(); ++i) {
        if (std::ranges::find(axes, static_cast<std::int64_t>(i)) == axes.end()) {
            result.shape.push_back(type(0).shape[i]);
        } else if (ordering && type(0).shape[i] == 0 &&
                   (gives_position || type(0).dtype != DType::boolean)) {
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

Type infer(Op op, const Attributes& attributes, std::span<const Value> operands,
           const std::source_location& location) {
    return Inference(op, attributes, operands, location).result();
}

}  // namespace latent::ir
