#include "codegen/math/detail.h"

#include <fmt/format.h>

#include <cmath>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace latent::codegen::math::detail {

using Halide::Bool;
using Halide::UInt;
using Halide::Internal::Call;

namespace {

Expr strict(Call::IntrinsicOp operation, const Type& type, const Expr& a, const Expr& b) {
    return Call::make(type, operation, {a, b}, Call::PureIntrinsic);
}

Expr strict_arithmetic(Call::IntrinsicOp operation, const Real& a, const Real& b) {
    return strict(operation, a.type(), a, b);
}

Expr strict_comparison(Call::IntrinsicOp operation, const Real& a, const Real& b) {
    return strict(operation, Bool(a.type().lanes()), a, b);
}

/// A number whose sum with another one is whole, the other one plus `bias` in its low digits.
double whole_shift(const Type& type, int bias) {
    return std::ldexp(1.5, mantissa_bits(type)) + bias;
}

uint64_t sign_mask(const Type& type) {
    return uint64_t{1} << (type.bits() - 1);
}

/// A call whose value is the operand of a strict operation, even where it has a name of its own:
/// else LLVM may take it for finite. (Not a sum with -0, which Halide takes for the constant 0.)
Real strict_call(const Type& type, const char* name, const std::vector<Expr>& operands) {
    return Real(Call::make(type, name, operands, Call::PureExtern)) * 1.0;
}

NumberParts number_parts(const Real& x, bool may_be_denormal) {
    const std::vector<Expr> operands{x, Expr(may_be_denormal ? 1 : 0)};
    return {strict_call(x.type(), number_exponent, operands),
            strict_call(x.type(), number_mantissa, operands)};
}

std::string type_name(const Type& type) {
    std::ostringstream stream;
    stream << type;
    return stream.str();
}

}  // namespace

Real::Real(const Expr& value) : value_(value) {}

Real Real::constant(double value) const {
    return Halide::Internal::make_const(type(), value);
}

Real operator+(const Real& a, const Real& b) {
    return strict_arithmetic(Call::strict_add, a, b);
}
Real operator-(const Real& a, const Real& b) {
    return strict_arithmetic(Call::strict_sub, a, b);
}
Real operator*(const Real& a, const Real& b) {
    return strict_arithmetic(Call::strict_mul, a, b);
}
Real operator/(const Real& a, const Real& b) {
    return strict_arithmetic(Call::strict_div, a, b);
}

// Halide's unary minus is 0 - x, which loses the sign of zero.
Real operator-(const Real& x) {
    return x * -1.0;
}

Expr operator<(const Real& a, const Real& b) {
    return strict_comparison(Call::strict_lt, a, b);
}
Expr operator==(const Real& a, const Real& b) {
    return strict_comparison(Call::strict_eq, a, b);
}
// Halide 21 makes of strict_le the negation of a greater-than, which is true for NaN. LLVM joins
// these two into one comparison.
Expr operator<=(const Real& a, const Real& b) {
    return a < b || a == b;
}
Expr operator!=(const Real& a, const Real& b) {
    return !(a == b);
}

Real choose(const Expr& condition, const Real& if_true, const Real& if_false) {
    return Halide::select(condition, if_true.expr(), if_false.expr());
}

Real require_float(const Expr& x, const char* function) {
    const Type type = x.type();
    if (!type.is_float() || type.is_bfloat() || (type.bits() != 32 && type.bits() != 64)) {
        throw std::invalid_argument(fmt::format("{} needs a float32 or float64 operand, got {}",
                                                function, type_name(type)));
    }
    return x;
}

void require_same_type(const Expr& a, const Expr& b, const char* function) {
    if (a.type() != b.type()) {
        throw std::invalid_argument(fmt::format("{} needs operands of one type, got {} and {}",
                                                function, type_name(a.type()),
                                                type_name(b.type())));
    }
}

// The comparison is false for NaN, so x, NaN included, is what remains.
Real at_most(const Real& x, double limit) {
    return choose(x > limit, limit, x);
}
Real at_least(const Real& x, double limit) {
    return choose(x < limit, limit, x);
}

Real multiply_add(const Real& a, const Real& b, const Real& c) {
    const Type type = a.type();
    return strict_call(type, type.bits() == 64 ? "llvm.fma.f64" : "llvm.fma.f32", {a, b, c});
}

Real polynomial(const Real& x, std::initializer_list<double> coefficients) {
    const double* const c = coefficients.begin();
    const auto pair = [&](size_t i) {
        return i + 1 < coefficients.size() ? multiply_add(x, c[i + 1], c[i]) : x.constant(c[i]);
    };
    size_t i = (coefficients.size() - 1) / 2 * 2;
    Real sum = pair(i);
    if (i > 0) {
        const Real square = x * x;
        while (i > 0) {
            i -= 2;
            sum = multiply_add(sum, square, pair(i));
        }
    }
    return sum;
}

Real polynomial(const Real& x, std::initializer_list<double> single_coefficients,
                std::initializer_list<double> double_coefficients) {
    return polynomial(x, x.is_double() ? double_coefficients : single_coefficients);
}

int mantissa_bits(const Type& type) {
    return type.bits() == 64 ? 52 : 23;
}
int exponent_bias(const Type& type) {
    return type.bits() == 64 ? 1023 : 127;
}
Type bits_type(const Type& type) {
    return UInt(type.bits(), type.lanes());
}

Expr bits_constant(const Type& type, uint64_t value) {
    return Halide::Internal::make_const(bits_type(type), value);
}

Expr bits_of(const Real& x) {
    return Halide::reinterpret(bits_type(x.type()), x);
}

Real from_bits(const Expr& bits) {
    return Halide::reinterpret(Halide::Float(bits.type().bits(), bits.type().lanes()), bits);
}

// Halide::abs is not used for either: on vectors of doubles it takes x for finite and non-zero.
Real magnitude(const Real& x) {
    return from_bits(bits_of(x) & bits_constant(x.type(), sign_mask(x.type()) - 1));
}

Expr sign_bits(const Real& x) {
    return bits_of(x) & bits_constant(x.type(), sign_mask(x.type()));
}

Real flip_sign(const Real& value, const Expr& sign) {
    return from_bits(bits_of(value) ^ sign);
}

Real upper_half(const Real& x) {
    const int cleared = x.is_double() ? 27 : 12;
    const uint64_t all = x.is_double() ? ~uint64_t{0} : 0xffffffffu;
    const Expr rounded = bits_of(x) + bits_constant(x.type(), uint64_t{1} << (cleared - 1));
    return from_bits(rounded & bits_constant(x.type(), all >> cleared << cleared));
}

Real hidden_zero(const Real& divisor) {
    return divisor * 1.0;
}

Real widen(const Real& x) {
    return Halide::cast(Halide::Float(64, x.type().lanes()), x);
}
Real narrow(const Real& x) {
    return Halide::cast(Halide::Float(32, x.type().lanes()), x);
}

Whole nearest_whole(const Real& x, int bias) {
    const double shift = whole_shift(x.type(), bias);
    const Real shifted = x + shift;
    return {shifted - shift, bits_of(shifted)};
}

Whole nearest_multiple(const Real& x, double factor, int bias) {
    const double shift = whole_shift(x.type(), bias);
    const Real shifted = multiply_add(x, factor, shift);
    return {shifted - shift, bits_of(shifted)};
}

Real exponent_from_place(const Expr& bits) {
    const int digits = mantissa_bits(bits.type());
    const int lanes = bits.type().lanes();
    if (bits.type().bits() == 32) {
        const Expr exponent = Halide::reinterpret(Halide::Int(32, lanes), bits) >> digits;
        return Halide::cast(Halide::Float(32, lanes), exponent);
    }
    // There are no conversions of 64 bits: the exponent, biased to be positive, in the mantissa of
    // a larger number.
    const uint64_t bias = exponent_bias(bits.type());
    const Expr biased = (bits + bits_constant(bits.type(), bias << digits)) >> digits;
    const Expr shift = bits_constant(bits.type(), (bias + digits) << digits);
    return Real(from_bits(biased | shift)) - (std::ldexp(1.0, digits) + static_cast<double>(bias));
}

Real power_of_two(const Expr& biased) {
    return from_bits(biased << mantissa_bits(biased.type()));
}

Real scale(const Real& value, const Whole& k) {
    return strict_call(value.type(), power_scaling, {value, k.value, k.bits});
}

Real unless_rare(const Expr& is_usual, const Real& usual, const Real& rare) {
    return strict_call(usual.type(), rare_arguments, {is_usual, usual, rare});
}

Real unless_special(const Expr& is_usual, const Real& usual, const Real& rare) {
    return strict_call(usual.type(), special_arguments, {is_usual, usual, rare});
}

NumberParts parts_of_positive(const Real& x) {
    return number_parts(x, true);
}

NumberParts parts_of_normal(const Real& x) {
    return number_parts(x, false);
}

Real extreme(const char* which, const Real& a, const Real& b) {
    return strict_call(a.type(), which, {a, b});
}

DoubleReal two_sum(const Real& a, const Real& b) {
    const Real sum = a + b;
    const Real b_part = sum - a;
    return {sum, (a - (sum - b_part)) + (b - b_part)};
}

DoubleReal fast_two_sum(const Real& a, const Real& b) {
    const Real sum = a + b;
    return {sum, b - (sum - a)};
}

DoubleReal two_product(const Real& a, const Real& b) {
    const Real a_high = upper_half(a);
    const Real a_low = a - a_high;
    const Real b_high = upper_half(b);
    const Real b_low = b - b_high;
    const Real product = a * b;
    const Real error =
        ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    return {product, error};
}

}  // namespace latent::codegen::math::detail
