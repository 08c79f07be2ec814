#include <cmath>
#include <limits>

#include "codegen/math/exponential.h"
#include "codegen/math/logarithm.h"
#include "codegen/math/math.h"

// All of the odd functions are computed on |x|, and the sign is put back at the end. Polynomials
// interpolate at Chebyshev nodes.

namespace latent::codegen::math {

using namespace detail;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double ln2 = 0.6931471805599453;

// From here on the square of x is x^2 + 1, and log(2 x) stands for asinh and acosh.
double huge_argument(const Type& type) {
    return std::ldexp(1.0, type.bits() == 64 ? 60 : 30);
}

// log(2 x) for x from there on; infinity and NaN as they are.
Real log_of_twice(const Real& x) {
    return choose(x < infinity, log_of_parts(reduce_log(x)) + ln2, x);
}

}  // namespace

Expr tanh(const Expr& argument) {
    const Real x = require_float(argument, "tanh");
    const Real size = at_most(magnitude(x), x.is_double() ? 19.1 : 9.02);  // There it rounds to 1.
    const ExpParts parts = reduce_exp(size + size, exponent_bias(x.type()));
    const Real power = power_of_two(parts.k.bits);
    const Real scaled_tail = power * parts.tail;
    if (x.is_double()) {
        const Real expm1 = scaled_tail + (power - 1.0);
        return flip_sign(expm1 / (expm1 + 2.0), sign_bits(x));
    }
    const Real sum = scaled_tail + (power + 1.0);  // exp(2 x) + 1
    // The quotient is off by up to 2.3 ULP in f32, so beyond 1/2 it gives what 1 lacks.
    const Real square = size * size;
    const Real p =
        polynomial(square, {-0.33333332007976981, 0.13333113729020872, -0.053909428827460544,
                            0.021309388664443469, -0.006610227831114728});
    const Real small = size + size * square * p;
    return flip_sign(choose(size < 0.55, small, 1.0 - 2.0 / sum), sign_bits(x));
}

Expr sinh(const Expr& argument) {
    const Real x = require_float(argument, "sinh");
    const Real size = magnitude(x);
    const Real square = size * size;
    const Real p = polynomial(
        square,
        {0.16666666646842134, 0.0083333396759170609, 0.00019838101968683889, 2.8062802582276947e-6},
        {0.16666666666666667, 0.0083333333333332994, 0.00019841269841324198, 2.7557319191381817e-6,
         2.5052117695907824e-8, 1.6057679623801638e-10, 7.7461785930188276e-13});
    const Real small = size + size * square * p;
    const Real half = half_exp(size);
    const Real large = half - 0.25 / half;
    return flip_sign(choose(size < 1.0, small, large), sign_bits(x));
}

Expr cosh(const Expr& argument) {
    const Real x = require_float(argument, "cosh");
    const Real half = half_exp(magnitude(x));
    return half + 0.25 / half;
}

Expr asinh(const Expr& argument) {
    const Real x = require_float(argument, "asinh");
    // asinh(x) = log1p(x + x^2 / (1 + sqrt(x^2 + 1)))
    const Real size = magnitude(x);
    const Real square = size * size;
    const Real root = Real(Halide::sqrt(square + 1.0));
    const Real usual = log1p_usual(size + square / (1.0 + root));
    const Expr is_usual = size < huge_argument(x.type());
    const Real value = unless_rare(is_usual, usual, choose(is_usual, usual, log_of_twice(size)));
    return flip_sign(value, sign_bits(x));
}

Expr acosh(const Expr& argument) {
    const Real x = require_float(argument, "acosh");
    // acosh(x) = log1p(t + sqrt(2 t + t^2)) with t = x - 1.
    const Real t = x - 1.0;
    const Real root = Real(Halide::sqrt(multiply_add(t, t, t + t)));
    const Real usual = log1p_usual(fast_two_sum(root, t));
    const Expr is_small = x < huge_argument(x.type());
    const Real rare = choose(x >= 1.0, choose(is_small, usual, log_of_twice(x)), quiet_nan);
    return unless_rare(x >= x.constant(1.0) && is_small, usual, rare);
}

Expr atanh(const Expr& argument) {
    const Real x = require_float(argument, "atanh");
    // atanh(x) = log1p(2 x / (1 - x)) / 2. Where x is small, most of the argument is 2 x, exactly.
    const Real size = magnitude(x);
    const Real twice = size + size;
    const Real usual = 0.5 * log1p_usual(multiply_add(twice, size / (1.0 - size), twice));
    const Real outside = choose(size == 1.0, x.constant(infinity), x.constant(quiet_nan));
    const Expr is_inside = size < 1.0;
    const Real value = unless_rare(is_inside, usual, choose(is_inside, usual, outside));
    return flip_sign(value, sign_bits(x));
}

}  // namespace latent::codegen::math
