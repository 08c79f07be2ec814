#include <algorithm>
#include <array>
#include <numeric>

#include "tests/support/random_graph.h"

// How each primitive of a random graph gets its operands and attributes.

namespace latent::test {

using ir::Op;
using ir::Value;

namespace {

const std::source_location here = std::source_location::current();

bool any(DType) {
    return true;
}
bool number(DType dtype) {
    return dtype != DType::boolean;
}
bool bits(DType dtype) {
    return !is_floating(dtype);
}
bool is_i64(DType dtype) {
    return dtype == DType::i64;
}

Value build(Op op, const ir::Attributes& attributes, const std::vector<Value>& operands) {
    for (const Value& operand : operands) {
        if (!operand) {
            return {};
        }
    }
    return ir::make(op, attributes, operands, here);
}

}  // namespace

Value RandomGraph::apply(Op op) {
    switch (op) {
        case Op::constant:
        case Op::scalar:
        case Op::shape_number:
        case Op::parameter:
        case Op::buffer:
        case Op::iota:
            return leaf(op);

        case Op::neg:
        case Op::abs:
        case Op::sign:
        case Op::floor:
        case Op::ceil:
        case Op::round:
        case Op::trunc:
            return elementwise(op, number, 1);
        case Op::sqrt:
        case Op::exp:
        case Op::expm1:
        case Op::log:
        case Op::log2:
        case Op::log10:
        case Op::log1p:
        case Op::sin:
        case Op::cos:
        case Op::tan:
        case Op::asin:
        case Op::acos:
        case Op::atan:
        case Op::sinh:
        case Op::cosh:
        case Op::tanh:
        case Op::asinh:
        case Op::acosh:
        case Op::atanh:
        case Op::sigmoid:
        case Op::erf:
        case Op::erfc:
        case Op::erfinv:
        case Op::lgamma:
            return elementwise(op, is_floating, 1);
        case Op::bitwise_not:
            return elementwise(op, bits, 1);
        case Op::stop_gradient:
        case Op::optimization_barrier:
            return elementwise(op, any, 1);
        case Op::cast:
            return cast();

        case Op::add:
        case Op::sub:
        case Op::mul:
        case Op::floor_divide:
        case Op::remainder:
        case Op::pow:
            return elementwise(op, number, 2);
        case Op::div:
        case Op::atan2:
            return elementwise(op, is_floating, 2);
        case Op::bitwise_and:
        case Op::bitwise_or:
        case Op::bitwise_xor:
            return elementwise(op, bits, 2);
        case Op::shift_left:
        case Op::shift_right:
            return elementwise(op, is_integer, 2);
        case Op::random_bits:
            return elementwise(op, is_i64, 2);
        case Op::maximum:
        case Op::minimum:
        case Op::equal:
        case Op::not_equal:
        case Op::less:
        case Op::less_equal:
        case Op::greater:
        case Op::greater_equal:
            return elementwise(op, any, 2);
        case Op::select:
            return select();

        case Op::reduce_sum:
        case Op::reduce_prod:
        case Op::reduce_max:
        case Op::reduce_min:
            return reduce(op);
        case Op::reduce_argmax:
        case Op::reduce_argmin:
            return reduce_to_position(op);
        case Op::cumulative_sum:
        case Op::cumulative_max:
        case Op::linear_recurrence:
            return scan(op, number);
        case Op::argsort:
            return scan(op, any);
        case Op::contraction:
            return contract();

        case Op::permute:
            return permute();
        case Op::reshape:
            return reshape();
        case Op::broadcast:
            return broadcast();
        case Op::slice:
            return slice();
        case Op::flip:
            return flip();
        case Op::window:
            return window();
        case Op::pad:
            return pad();
        case Op::concat:
            return concat();
        case Op::interleave:
            return interleave();
        case Op::gather:
            return gather();
        case Op::fold:
            return fold();
        case Op::scatter_add:
            return scatter_add();
        case Op::custom_vjp:
            return custom_vjp();
    }
    throw InternalError("an op without a row in ops.def");
}

Value RandomGraph::leaf(Op op) {
    const DType dtype = one_of(options_.dtypes);
    switch (op) {
        case Op::constant:
            return ir::constant(literal(dtype), here);
        case Op::scalar:
            return ir::scalar(literal(dtype), here);
        case Op::shape_number:
            return ir::shape_number(literal(dtype), here);
        case Op::iota:
            return ir::iota(dtype, extent(), here);
        default:
            return parameter_over({dtype, {extent(), extent()}});
    }
}

Value RandomGraph::elementwise(Op op, DTypePredicate takes, std::size_t operands) {
    std::vector<Value> chosen = {pick(takes)};
    while (chosen.front() && chosen.size() < operands) {
        chosen.push_back(like(chosen.front()));
    }
    if (chance(30)) {
        std::ranges::reverse(chosen);
    }
    return build(op, ir::NoAttributes{}, chosen);
}

/// To one dtype, or to another one and back.
Value RandomGraph::cast() {
    const Value value = pick();
    const Value other = ir::cast(value, one_of(all_dtypes), here);
    const bool allowed =
        std::ranges::find(options_.dtypes, other.type().dtype) != options_.dtypes.end();
    return allowed && chance(60) ? other : ir::cast(other, value.type().dtype, here);
}

Value RandomGraph::select() {
    static constexpr std::array compare = {Op::equal,      Op::not_equal, Op::less,
                                           Op::less_equal, Op::greater,   Op::greater_equal};
    const Value value = pick();
    const bool has_booleans =
        std::ranges::find(options_.dtypes, DType::boolean) != options_.dtypes.end();
    Value condition = has_booleans && chance(50)
                          ? like({DType::boolean, value.type().shape})
                          : build(one_of(compare), ir::NoAttributes{}, {value, like(value)});
    if (chance(30)) {
        condition = build(Op::bitwise_not, ir::NoAttributes{}, {condition});
    }
    return build(Op::select, ir::NoAttributes{}, {condition, value, like(value)});
}

Value RandomGraph::reduce(Op op) {
    const Value value = pick(op == Op::reduce_max || op == Op::reduce_min ? any : number);
    return value ? ir::reduce(op, value, some_axes(value.type().rank()).span(), here) : Value{};
}

Value RandomGraph::reduce_to_position(Op op) {
    const Value value = pick(any);
    if (!value) {
        return {};
    }
    const Value other = like(value);
    const Value positions =
        is_integer(other.type().dtype) ? other : ir::cast(other, DType::i32, here);
    return ir::reduce_to_position(op, value, positions, some_axes(value.type().rank()).span(),
                                  here);
}

Value RandomGraph::scan(Op op, DTypePredicate takes) {
    std::vector<Value> operands = {pick(takes)};
    if (!operands.front()) {
        return {};
    }
    if (op == Op::linear_recurrence) {
        operands.push_back(like(operands.front()));
    }
    return build(op, ir::ScanAttributes{axis_of(operands.front()), chance(50)}, operands);
}

/// Labels of the left operand, and as many of them for the right one as fit.
Value RandomGraph::contract() {
    constexpr std::int64_t first_of_right = 20;
    const Value lhs = pick(number);
    const auto same_dtype = [&](const Value& value) {
        return value.type().dtype == lhs.type().dtype && value.type().rank() > 0;
    };
    if (!lhs) {
        return {};
    }
    std::vector<Value> candidates;
    std::ranges::copy_if(values_, std::back_inserter(candidates), same_dtype);
    const bool is_new = candidates.empty() || chance(50);
    const Value rhs =
        is_new ? parameter({lhs.type().dtype, {extent(), extent()}}) : one_of(candidates);
    ir::ContractionAttributes labels;
    for (std::size_t i = 0; i < lhs.type().rank(); ++i) {
        labels.lhs.push_back(static_cast<std::int64_t>(i));
    }
    for (std::size_t i = 0; i < rhs.type().rank(); ++i) {
        auto label = first_of_right + static_cast<std::int64_t>(i);
        for (std::size_t j = 0; j < lhs.type().rank(); ++j) {
            const auto wanted = static_cast<std::int64_t>(j);
            if (lhs.type().shape[j] == rhs.type().shape[i] &&
                std::ranges::find(labels.rhs, wanted) == labels.rhs.end() && chance(60)) {
                label = wanted;
                break;
            }
        }
        labels.rhs.push_back(label);
    }
    ir::Dims all = labels.lhs;
    std::ranges::copy_if(labels.rhs, std::back_inserter(all),
                         [](std::int64_t label) { return label >= first_of_right; });
    for (const std::int64_t label : all) {
        const bool in_both = std::ranges::find(labels.lhs, label) != labels.lhs.end() &&
                             std::ranges::find(labels.rhs, label) != labels.rhs.end();
        if (!in_both || chance(40)) {
            labels.out.push_back(label);
        }
    }
    std::shuffle(labels.out.begin(), labels.out.end(), random_);
    return build(Op::contraction, labels, {lhs, rhs});
}

Value RandomGraph::permute() {
    const Value value = pick();
    return ir::permute(value, permutation(value.type().rank()).span(), here);
}

/// Dimensions of one element come and go, neighbours merge, dimensions split; or all elements are
/// dealt out anew.
Value RandomGraph::reshape() {
    const Value value = pick();
    ir::Shape shape;
    if (chance(20)) {
        for (const std::int64_t axis : permutation(value.type().rank())) {
            shape.push_back(value.type().shape[static_cast<std::size_t>(axis)]);
        }
        return ir::reshape(value, shape.span(), here);
    }
    for (const std::int64_t extent : value.type().shape) {
        if (extent == 1 && chance(50)) {
            continue;
        }
        if (!shape.empty() && chance(20)) {
            shape.back() *= extent;
        } else if (extent % 2 == 0 && extent > 0 && chance(40)) {
            shape.push_back(2);
            shape.push_back(extent / 2);
        } else {
            shape.push_back(extent);
        }
        if (chance(15)) {
            shape.push_back(1);
        }
    }
    return ir::reshape(value, shape.span(), here);
}

Value RandomGraph::broadcast() {
    const Value value = pick();
    ir::Shape shape = value.type().shape;
    ir::Axes axes(shape.size(), 0);
    std::iota(axes.begin(), axes.end(), 0);
    const auto position =
        static_cast<std::size_t>(below(static_cast<std::int64_t>(shape.size()) + 1));
    shape.insert(position, chance(50) ? extent() : 1 + below(3));
    std::for_each(axes.begin() + position, axes.end(), [](std::int64_t& axis) { ++axis; });
    return ir::broadcast(value, shape.span(), axes.span(), here);
}

Value RandomGraph::slice() {
    const Value value = pick();
    ir::SliceAttributes slice;
    for (const std::int64_t extent : value.type().shape) {
        const std::int64_t start = chance(50) ? 0 : below(extent + 1);
        slice.start.push_back(start);
        slice.stop.push_back(chance(50) ? extent : start + below(extent - start + 1));
        slice.step.push_back(1 + below(2));
    }
    return build(Op::slice, slice, {value});
}

Value RandomGraph::flip() {
    const Value value = pick();
    return build(Op::flip, ir::FlipAttributes{some_axes(value.type().rank())}, {value});
}

Value RandomGraph::window() {
    const Value value = pick();
    ir::WindowAttributes window;
    window.axes = some_axes(value.type().rank());
    std::shuffle(window.axes.begin(), window.axes.end(), random_);
    for (std::size_t i = 0; i < window.axes.size(); ++i) {
        window.size.push_back(1 + below(3));
        window.stride.push_back(1 + below(2));
        window.dilation.push_back(1 + below(2));
    }
    return build(Op::window, window, {value});
}

Value RandomGraph::pad() {
    const Value value = pick();
    ir::PadAttributes pad;
    for (std::size_t i = 0; i < value.type().rank(); ++i) {
        pad.low.push_back(chance(50) ? 0 : below(4) - 2);
        pad.high.push_back(chance(50) ? 0 : below(4) - 2);
        pad.interior.push_back(chance(80) ? 0 : 1);
    }
    const ir::Type number{value.type().dtype, {}};
    return build(
        Op::pad, pad,
        {value, chance(60) ? ir::constant(ir::Literal::zero(number.dtype), here) : like(number)});
}

/// With itself, with what has its type, and with parts of these.
Value RandomGraph::concat() {
    const Value value = pick();
    const std::int64_t axis = axis_of(value);
    std::vector<Value> operands = {value};
    while (operands.size() < 4 && chance(60)) {
        const Value other = like(value);
        ir::SliceAttributes part{ir::Dims(other.type().rank(), 0), other.type().shape,
                                 ir::Dims(other.type().rank(), 1)};
        std::int64_t& stop = part.stop[static_cast<std::size_t>(axis)];
        stop = chance(50) ? stop : below(stop + 1);
        operands.push_back(build(Op::slice, part, {other}));
    }
    std::shuffle(operands.begin(), operands.end(), random_);
    return build(Op::concat, ir::ConcatAttributes{axis}, operands);
}

/// What has its type, where the last operands may have a turn less.
Value RandomGraph::interleave() {
    const Value value = pick();
    const std::int64_t axis = axis_of(value);
    std::vector<Value> operands = {value};
    while (operands.size() < 4 && chance(60)) {
        operands.push_back(like(value));
    }
    const std::size_t whole =
        1 + static_cast<std::size_t>(below(static_cast<std::int64_t>(operands.size())));
    for (std::size_t i = whole; i < operands.size(); ++i) {
        ir::SliceAttributes part{ir::Dims(value.type().rank(), 0), value.type().shape,
                                 ir::Dims(value.type().rank(), 1)};
        std::int64_t& stop = part.stop[static_cast<std::size_t>(axis)];
        stop = std::max<std::int64_t>(stop - 1, 0);
        operands[i] = build(Op::slice, part, {operands[i]});
    }
    return build(Op::interleave, ir::ConcatAttributes{axis}, operands);
}

Value RandomGraph::gather() {
    const Value value = pick();
    const std::int64_t axis = axis_of(value);
    const Value indices = pick(is_integer);
    return indices ? build(Op::gather, ir::GatherAttributes{axis}, {value, indices}) : Value{};
}

/// The last dimension as windows along another.
Value RandomGraph::fold() {
    const Value value = pick(number);
    if (!value || value.type().rank() < 2 || value.type().shape.back() == 0) {
        return {};
    }
    const ir::Shape& shape = value.type().shape;
    const std::int64_t axis = below(static_cast<std::int64_t>(shape.size()) - 1);
    const std::int64_t count = shape[static_cast<std::size_t>(axis)];
    const std::int64_t stride = 1 + below(3);
    const std::int64_t dilation = 1 + below(2);
    const std::int64_t extent =
        (count - 1) * stride + (shape.back() - 1) * dilation + 1 + below(stride);
    return build(Op::fold,
                 ir::FoldAttributes{{axis}, {shape.back()}, {stride}, {dilation}, {extent}},
                 {value});
}

Value RandomGraph::scatter_add() {
    const Value value = pick(number);
    const Value indices = pick(is_integer);
    if (!value || !indices) {
        return {};
    }
    const std::int64_t axis = axis_of(value);
    const ir::Type updates = build(Op::gather, ir::GatherAttributes{axis}, {value, indices}).type();
    if (updates.element_count() > options_.max_elements) {
        return {};
    }
    return build(Op::scatter_add, ir::ScatterAttributes{axis}, {value, indices, like(updates)});
}

Value RandomGraph::custom_vjp() {
    const Value value = pick();
    return build(Op::custom_vjp, ir::CustomVjpAttributes{}, {value, pick()});
}

}  // namespace latent::test
