#include <limits>

#include "codegen/math/detail.h"
#include "codegen/math/math.h"

// Halide takes overflow of signed integers of 32 bits and more for impossible, so they are computed
// as unsigned ones, which wrap.

namespace latent::codegen::math {

using namespace detail;

namespace {

template <typename FloatOperation, typename IntegerOperation>
Expr arithmetic(const Expr& a, const Expr& b, const char* function, FloatOperation float_operation,
                IntegerOperation integer_operation) {
    require_same_type(a, b, function);
    const Type type = a.type();
    if (type.is_float()) {
        return float_operation(Real(a), Real(b));
    }
    const Type wrapping = type.with_code(halide_type_uint);
    return Halide::cast(type,
                        integer_operation(Halide::cast(wrapping, a), Halide::cast(wrapping, b)));
}

Expr zero_of(const Expr& x) {
    return Halide::Internal::make_zero(x.type());
}

}  // namespace

Expr add(const Expr& a, const Expr& b) {
    const auto operation = [](const auto& x, const auto& y) { return x + y; };
    return arithmetic(a, b, "add", operation, operation);
}

Expr subtract(const Expr& a, const Expr& b) {
    const auto operation = [](const auto& x, const auto& y) { return x - y; };
    return arithmetic(a, b, "subtract", operation, operation);
}

Expr multiply(const Expr& a, const Expr& b) {
    const auto operation = [](const auto& x, const auto& y) { return x * y; };
    return arithmetic(a, b, "multiply", operation, operation);
}

Expr divide(const Expr& a, const Expr& b) {
    require_same_type(a, b, "divide");
    return require_float(a, "divide") / hidden_zero(require_float(b, "divide"));
}

Expr negate(const Expr& x) {
    return x.type().is_float() ? Expr(-Real(x)) : subtract(zero_of(x), x);
}

Expr absolute(const Expr& x) {
    if (x.type().is_float()) {
        return magnitude(x);
    }
    return x.type().is_uint() ? x : Halide::select(x < 0, negate(x), x);
}

Expr sign(const Expr& argument) {
    if (!argument.type().is_float()) {
        const Expr zero = zero_of(argument);
        const Expr one = Halide::Internal::make_one(argument.type());
        const Expr positive = Halide::select(argument > zero, one, zero);
        return argument.type().is_uint() ? positive
                                         : Halide::select(argument < zero, -one, positive);
    }
    const Real x = argument;
    // The sum makes a negative zero positive and keeps NaN.
    return choose(x > 0.0, 1.0, choose(x < 0.0, -1.0, x + 0.0));
}

Expr maximum(const Expr& a, const Expr& b) {
    require_same_type(a, b, "maximum");
    if (!a.type().is_float()) {
        return Halide::max(a, b);
    }
    return extreme(larger, a, b);
}

Expr minimum(const Expr& a, const Expr& b) {
    require_same_type(a, b, "minimum");
    if (!a.type().is_float()) {
        return Halide::min(a, b);
    }
    return extreme(smaller, a, b);
}

Expr equal(const Expr& a, const Expr& b) {
    require_same_type(a, b, "equal");
    return a.type().is_float() ? Real(a) == Real(b) : a == b;
}

Expr not_equal(const Expr& a, const Expr& b) {
    return !equal(a, b);
}

Expr less(const Expr& a, const Expr& b) {
    require_same_type(a, b, "less");
    return a.type().is_float() ? Real(a) < Real(b) : a < b;
}

Expr less_equal(const Expr& a, const Expr& b) {
    require_same_type(a, b, "less_equal");
    return a.type().is_float() ? Real(a) <= Real(b) : a <= b;
}

Expr is_nan(const Expr& x) {
    const Real value = require_float(x, "is_nan");
    return value != value;
}

Expr is_infinite(const Expr& x) {
    return magnitude(require_float(x, "is_infinite")) == std::numeric_limits<double>::infinity();
}

Expr is_finite(const Expr& x) {
    return magnitude(require_float(x, "is_finite")) < std::numeric_limits<double>::infinity();
}

}  // namespace latent::codegen::math
