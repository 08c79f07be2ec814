#include <cmath>
#include <limits>
#include <stdexcept>

#include "codegen/math/detail.h"
#include "codegen/math/math.h"

namespace latent::codegen::math {

using namespace detail;

namespace {

// Halide lets LLVM assume that converted floats are finite, so the other values go round it.
Real between_floats(const Type& type, const Real& x) {
    const Real converted = Halide::cast(type, x);
    const bool narrows = type.bits() < x.type().bits();
    // From here on a double rounds to an infinite single.
    const double limit = narrows ? std::ldexp(1.0 - std::ldexp(1.0, -25), 128)
                                 : std::numeric_limits<double>::infinity();
    const Real infinity = converted.constant(std::numeric_limits<double>::infinity());
    const Real nan = converted.constant(std::numeric_limits<double>::quiet_NaN());
    const Real beyond = choose(x > 0.0, infinity, choose(x < 0.0, -infinity, nan));
    return choose(magnitude(x) < limit, converted, beyond);
}

Expr to_integer(const Type& type, const Real& x) {
    const int digits = type.is_uint() ? type.bits() : type.bits() - 1;
    const double upper = std::ldexp(1.0, digits);
    const double lower = type.is_uint() ? 0.0 : -upper;
    const Real truncated = Halide::trunc(x);
    const Expr inside = truncated >= lower && truncated < upper;
    const Expr converted = Halide::cast(type, choose(inside, truncated, 0.0));
    return Halide::select(truncated >= upper, type.max(),
                          Halide::select(truncated < lower, type.min(), converted));
}

}  // namespace

Expr convert(const Type& type, const Expr& x) {
    const Type from = x.type();
    if (type == from) {
        return x;
    }
    if (type.is_bool()) {
        return from.is_float() ? Real(x) != Real(x).constant(0.0)
                               : x != Halide::Internal::make_zero(from);
    }
    if (from.is_float()) {
        const Real value = require_float(x, "convert");
        return type.is_float() ? Expr(between_floats(type, value)) : to_integer(type, value);
    }
    return Halide::cast(type, x);
}

Expr round_to_odd(const Expr& x) {
    if (x.type().element_of() != Halide::Float(64)) {
        throw std::invalid_argument("round_to_odd needs a float64 operand");
    }
    const uint64_t cut_off = (uint64_t{1} << 29) - 1;
    const Expr bits = bits_of(x);
    const Expr last =
        ((bits & bits_constant(x.type(), cut_off)) + bits_constant(x.type(), cut_off)) &
        bits_constant(x.type(), cut_off + 1);
    return between_floats(Halide::Float(32, x.type().lanes()),
                          from_bits((bits | last) & bits_constant(x.type(), ~cut_off)));
}

Expr opaque(const Expr& x) {
    // A promise about an integer that holds for its whole type would be simplified away.
    const Type type = x.type().with_code(halide_type_float);
    const Expr number = Halide::reinterpret(type, x);
    return Halide::reinterpret(x.type(),
                               Halide::unsafe_promise_clamped(number, type.min(), type.max()));
}

}  // namespace latent::codegen::math
