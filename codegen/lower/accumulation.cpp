#include "codegen/lower/accumulation.h"

#include "codegen/math/math.h"
#include "ir/errors.h"

namespace latent::codegen {

namespace {

using Halide::Expr;
using Halide::Type;

bool is_extreme(ir::Op op) {
    return op == ir::Op::reduce_max || op == ir::Op::reduce_min;
}

/// The bits of a float as a signed integer in the order of the floats, and back: the magnitude of
/// negative numbers is turned round.
Expr reversed_where_negative(const Expr& bits) {
    const Expr magnitude_bits = bits.type().max();
    return Halide::select(bits < 0, bits ^ magnitude_bits, bits);
}

/// How far that order is rotated so that all NaN, which are at both of its ends, are at one: the
/// upper for a maximum, the lower for a minimum. The other end is then an infinity.
Expr rotation(ir::Op op, const Type& bits) {
    const int digits = bits.bits() == 64 ? 52 : 23;
    const auto nans = static_cast<std::int64_t>((std::uint64_t{1} << digits) - 1);
    return Halide::Internal::make_const(bits, op == ir::Op::reduce_max ? -nans : nans);
}

}  // namespace

Type accumulator_type(ir::Op op, const Type& type) {
    return is_extreme(op) && type.is_float() ? type.with_code(halide_type_int) : type;
}

Expr empty_accumulator(ir::Op op, const Type& type) {
    const Type accumulator = accumulator_type(op, type);
    switch (op) {
        case ir::Op::reduce_sum:
            return Halide::Internal::make_zero(accumulator);
        case ir::Op::reduce_prod:
            return Halide::Internal::make_one(accumulator);
        case ir::Op::reduce_max:
            return accumulator.min();
        case ir::Op::reduce_min:
            return accumulator.max();
        default:
            throw InternalError("not a reduction");
    }
}

Expr to_accumulator(ir::Op op, const Expr& element) {
    const Type type = accumulator_type(op, element.type());
    if (type == element.type()) {
        return element;
    }
    const Expr ordered = reversed_where_negative(Halide::reinterpret(type, element));
    return math::add(ordered, rotation(op, type));
}

Expr accumulate(ir::Op op, const Expr& a, const Expr& b) {
    switch (op) {
        case ir::Op::reduce_sum:
            return math::add(a, b);
        case ir::Op::reduce_prod:
            return math::multiply(a, b);
        case ir::Op::reduce_max:
            return a.type().is_bool() ? a || b : Halide::max(a, b);
        case ir::Op::reduce_min:
            return a.type().is_bool() ? a && b : Halide::min(a, b);
        default:
            throw InternalError("not a reduction");
    }
}

Expr from_accumulator(ir::Op op, const Type& type, const Expr& accumulator) {
    if (accumulator_type(op, type) == type) {
        return accumulator;
    }
    const Expr back = -rotation(op, accumulator.type());
    return Halide::reinterpret(type, reversed_where_negative(math::add(accumulator, back)));
}

Expr accumulate_all(ir::Op op, std::vector<Expr> accumulators) {
    while (accumulators.size() > 1) {
        const std::size_t half = (accumulators.size() + 1) / 2;
        for (std::size_t i = 0; i + half < accumulators.size(); ++i) {
            accumulators[i] = accumulate(op, accumulators[i], accumulators[i + half]);
        }
        accumulators.resize(half);
    }
    return accumulators.front();
}

}  // namespace latent::codegen
