#include <limits>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "codegen/math/exponential.h"
#include "codegen/math/logarithm.h"
#include "codegen/math/math.h"

namespace latent::codegen::math {

using namespace detail;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// The next functions give |base|^exponent = 2^(exponent * log2 |base|) for finite non-zero
// base and finite exponent. With 2^e (1 + f) = |base| and s = f / (2 + f), log2 |base| is
// e + 2 log2(e) atanh(s); what multiplies s is a minimax polynomial in s^2.

// The logarithm is found in f64, to 2^-37 of itself, which is enough for f32.
Real power_of_singles(const Real& base, const Real& exponent) {
    const LogParts parts = reduce_log(base);
    const Real f = widen(parts.fraction);
    const Real s = f / (2.0 + f);
    const Real log2_mantissa =
        s * polynomial(s * s, {2.885390081790204, 0.9617966731821199, 0.5770836174572951,
                               0.41167066149021936, 0.3407699955539828});
    const Real log2_base = widen(parts.exponent) + log2_mantissa;
    const Real log2_result = clamp(widen(exponent) * log2_base, -160.0, 130.0);
    const Whole k = nearest_whole(log2_result);
    const Real fraction = narrow(log2_result - k.value);
    const Real single_k = narrow(k.value);
    const Expr bits = nearest_whole(single_k, 2 * exponent_bias(base.type())).bits;
    return scale(exp2m1_fraction(fraction) + 1.0, {single_k, bits});
}

// A product and what rounding took from it, where multiply-adds round once.
DoubleReal fused_product(const Real& a, const Real& b) {
    const Real product = a * b;
    return {product, multiply_add(a, b, -product)};
}

// The logarithm and its product with the exponent are pairs, good to about 2^-40, by multiply-adds
// that round once.
Real power_of_pairs(const Real& base, const Real& exponent) {
    const LogParts parts = reduce_log(base);
    const Real& f = parts.fraction;

    // s = f / (2 + f)
    const DoubleReal divisor = fast_two_sum(f.constant(2.0), f);
    const Real reciprocal = 1.0 / divisor.high;
    const Real s = f * reciprocal;
    const Real rest = multiply_add(-s, divisor.low, multiply_add(-s, divisor.high, f));
    const Real s_low = rest * reciprocal;

    // 3 atanh(s) / s = 3 + s^2 + s^4 q(s^2)
    const DoubleReal square = fused_product(s, s);
    const Real tail = polynomial(square.high, {0.6000000238418579, 0.42857298254966736,
                                               0.3330709636211395, 0.2868170738220215});
    const DoubleReal sum = fast_two_sum(f.constant(3.0), square.high);
    const Real sum_low =
        sum.low +
        multiply_add(2.0 * s, s_low, multiply_add(square.high * square.high, tail, square.low));
    const DoubleReal atanh3 = fused_product(s, sum.high);
    const Real atanh3_low = multiply_add(s, sum_low, multiply_add(s_low, sum.high, atanh3.low));

    // 2 / 3 log2(e), and e
    const Real factor = f.constant(0.9617967009544373);
    const DoubleReal log2_mantissa = fused_product(atanh3.high, factor);
    const Real log2_mantissa_low = multiply_add(
        atanh3_low, factor, multiply_add(atanh3.high, -7.028461701530375e-09, log2_mantissa.low));
    const DoubleReal log2_base = fast_two_sum(parts.exponent, log2_mantissa.high);
    const Real log2_base_low = log2_base.low + log2_mantissa_low;

    const DoubleReal log2_result = fused_product(exponent, log2_base.high);
    const Real high = clamp(log2_result.high, -160.0, 130.0);
    const Real low = choose(high == log2_result.high,
                            multiply_add(exponent, log2_base_low, log2_result.low), 0.0);
    const Whole k = nearest_whole(high, 2 * exponent_bias(base.type()));
    return scale(exp2m1_fraction((high - k.value) + low) + 1.0, k);
}

// The logarithm and its product with the exponent are double-doubles, good to about 2^-66.
Real power_of_doubles(const Real& base, const Real& exponent) {
    const LogParts parts = reduce_log(base);
    const Real& f = parts.fraction;

    // s = f / (2 + f)
    const DoubleReal divisor = fast_two_sum(f.constant(2.0), f);
    const Real reciprocal = 1.0 / divisor.high;
    const Real s = f * reciprocal;
    const DoubleReal product = two_product(s, divisor.high);
    const Real rest = ((f - product.high) - product.low) - s * divisor.low;
    const Real s_low = rest * reciprocal;

    // 3 atanh(s) / s = 3 + s^2 + s^4 q(s^2)
    const DoubleReal square = two_product(s, s);
    const Real tail =
        square.high * square.high *
        polynomial(square.high, {0.6000000000000343, 0.42857142855125535, 0.33333333784331065,
                                 0.27272676145959396, 0.23080155307346265, 0.19884762523144076,
                                 0.1979892551952835});
    const DoubleReal sum = fast_two_sum(f.constant(3.0), square.high);
    const Real sum_low = sum.low + (square.low + 2.0 * s * s_low + tail);
    const DoubleReal atanh3 = two_product(s, sum.high);
    const Real atanh3_low = atanh3.low + (s * sum_low + s_low * sum.high);

    // 2 / 3 log2(e), and e
    const Real factor = f.constant(0.9617966939259756);
    const double factor_low = 5.0577616648125907e-17;
    const DoubleReal log2_mantissa = two_product(atanh3.high, factor);
    const Real log2_mantissa_low =
        log2_mantissa.low + (atanh3.high * factor_low + atanh3_low * factor);
    const DoubleReal log2_base = fast_two_sum(parts.exponent, log2_mantissa.high);
    const Real log2_base_low = log2_base.low + log2_mantissa_low;

    const DoubleReal scaled = two_product(exponent, log2_base.high);
    const DoubleReal log2_result = fast_two_sum(scaled.high, scaled.low + exponent * log2_base_low);
    const Real high = clamp(log2_result.high, -1080.0, 1030.0);
    const Real low = choose(high == log2_result.high, log2_result.low, 0.0);
    const Whole k = nearest_whole(high, 2 * exponent_bias(base.type()));
    return scale(exp2m1_fraction((high - k.value) + low) + 1.0, k);
}

Real power_of_floats(const Real& base, const Real& exponent) {
    const Real size = magnitude(base);
    // In f64 the product of an exponent and a logarithm may overflow. Exponents as large as these
    // send everything but 1 to 0 or infinity.
    const Real finite_power = base.is_double()
                                  ? power_of_doubles(size, clamp(exponent, -0x1p60, 0x1p60))
                                  : power_of_singles(size, exponent);
    const Expr vanishes = (size < 1.0) != (exponent < 0.0);
    const Real limit = choose(vanishes, base.constant(0.0), base.constant(infinity));
    const Expr regular = size > 0.0 && size < infinity;
    const Expr is_finite_exponent = magnitude(exponent) < infinity;
    const Real power = choose(regular && is_finite_exponent, finite_power, limit);

    const Expr whole = Real(Halide::floor(exponent)) == exponent;
    const Real half = 0.5 * exponent;
    const Expr odd = whole && Real(Halide::floor(half)) != half;
    const Real signed_power = choose(odd, flip_sign(power, sign_bits(base)), power);
    const Real real_power = choose(regular && base < 0.0 && !whole,
                                   std::numeric_limits<double>::quiet_NaN(), signed_power);

    const Expr unordered = base != base || exponent != exponent;
    const Expr is_one =
        base == 1.0 || exponent == 0.0 || (size == 1.0 && magnitude(exponent) == infinity);
    const Real any_power = choose(is_one, 1.0, choose(unordered, base + exponent, real_power));
    const Expr is_usual = base > 0.0 && base < infinity && is_finite_exponent;
    // Of rare arguments, and where no multiply-add rounds once, the logarithm is in f64.
    const Real usual_power =
        base.is_double() ? finite_power : power_of_pairs(base, clamp(exponent, -0x1p60, 0x1p60));
    return unless_rare(is_usual, usual_power, any_power);
}

Expr power_of_integers(const Expr& base, const Expr& exponent) {
    const Type type = base.type();
    const Type wrapping = type.with_code(halide_type_uint);
    const Expr zero = Halide::Internal::make_zero(wrapping);
    const Expr one = Halide::Internal::make_one(wrapping);
    const Expr exponent_bits = Halide::cast(wrapping, exponent);
    const int digits = type.is_int() ? type.bits() - 1 : type.bits();

    // Each step is named: Halide takes the bounds of an expression that does not vary for the
    // expression itself, as a tree, which would have 2^digits leaves. Not seeing what the base is,
    // it takes none.
    std::vector<std::pair<std::string, Expr>> steps;
    const auto named = [&](const char* name, const Expr& value) {
        steps.emplace_back(Halide::Internal::unique_name(name), value);
        return Halide::Internal::Variable::make(wrapping, steps.back().first);
    };
    Expr square = named("square", Halide::cast(wrapping, opaque(base)));
    Expr power = one;
    for (int i = 0; i < digits; ++i) {
        const Expr taken = (exponent_bits & (one << i)) != zero;
        power = named("power", Halide::select(taken, power * square, power));
        square = named("square", square * square);
    }
    Expr result = Halide::cast(type, power);
    for (const auto& [name, value] : steps | std::views::reverse) {
        result = Halide::Internal::Let::make(name, value, result);
    }
    if (type.is_uint()) {
        return result;
    }
    const Expr signed_zero = Halide::Internal::make_zero(type);
    const Expr signed_one = Halide::Internal::make_one(type);
    const Expr odd = (exponent_bits & one) != zero;
    const Expr reciprocal =
        Halide::select(base == signed_one, signed_one, base == -signed_one,
                       Halide::select(odd, -signed_one, signed_one), signed_zero);
    return Halide::select(exponent < signed_zero, reciprocal, result);
}

}  // namespace

Expr sqrt(const Expr& x) {
    return Halide::sqrt(require_float(x, "sqrt"));
}

Expr rsqrt(const Expr& x) {
    return 1.0 / Real(Halide::sqrt(require_float(x, "rsqrt")));
}

Expr pow(const Expr& base, const Expr& exponent) {
    require_same_type(base, exponent, "pow");
    return base.type().is_float() ? Expr(power_of_floats(require_float(base, "pow"), exponent))
                                  : power_of_integers(base, exponent);
}

}  // namespace latent::codegen::math
