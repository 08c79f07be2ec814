#include <latent/indexing.h>
#include <latent/random.h>
#include <latent/reductions.h>
#include <latent/sorting.h>

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "frontend/tensor/arguments.h"

/// Distributions that are made of uniform and normal numbers.
namespace latent {

namespace {

using detail::Expression;
using detail::expression;
using detail::wrap;
using ir::Op;

Expression uniform_numbers(Key key, const Shape& shape, DType dtype,
                           const std::source_location& location) {
    return expression(uniform(key, shape, {.dtype = dtype}, location), location);
}

Expression constant(double value, const Expression& like) {
    return detail::literal(value, like);
}

/// A quotient of polynomials; coefficients of the highest power first.
struct Rational {
    static constexpr std::size_t count = 8;
    std::array<double, count> numerator;
    std::array<double, count> denominator;

    Expression operator()(const Expression& x) const {
        return evaluate(numerator, x) / evaluate(denominator, x);
    }

  private:
    static Expression evaluate(const std::array<double, count>& coefficients, const Expression& x) {
        Expression sum = constant(coefficients[0], x);
        for (std::size_t i = 1; i < count; ++i) {
            sum = sum * x + coefficients[i];
        }
        return sum;
    }
};

// Of algorithm AS 241, which gives 16 digits. Source: https://doi.org/10.2307/2347330
constexpr Rational central_quantile{
    .numerator = {2.5090809287301226727e+3, 3.3430575583588128105e+4, 6.7265770927008700853e+4,
                  4.5921953931549871457e+4, 1.3731693765509461125e+4, 1.9715909503065514427e+3,
                  1.3314166789178437745e+2, 3.3871328727963666080e+0},
    .denominator = {5.2264952788528545610e+3, 2.8729085735721942674e+4, 3.9307895800092710610e+4,
                    2.1213794301586595867e+4, 5.3941960214247511077e+3, 6.8718700749205790830e+2,
                    4.2313330701600911252e+1, 1.0}};
constexpr Rational near_tail_quantile{
    .numerator = {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
                  1.27045825245236838258e+0, 3.64784832476320460504e+0, 5.76949722146069140550e+0,
                  4.63033784615654529590e+0, 1.42343711074968357734e+0},
    .denominator = {1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
                    1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e+0,
                    2.05319162663775882187e+0, 1.0}};
constexpr Rational far_tail_quantile{
    .numerator = {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
                  2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e+0,
                  5.46378491116411436990e+0, 6.65790464350110377720e+0},
    .denominator = {2.04426310338993978564e-15, 1.42151175831644588870e-7,
                    1.84631831751005468180e-5, 7.86869131145613259100e-4, 1.48753612908506148525e-2,
                    1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0}};

/// The x below which a normal number lies with probability p in (0, 1).
Expression normal_quantile(const Expression& p) {
    constexpr double central_half_width = 0.425;
    constexpr double far_tail = 5;
    const Expression q = p - 0.5;
    const Expression central =
        q * central_quantile(central_half_width * central_half_width - q * q);
    const Expression tail_probability = detail::apply(Op::minimum, p, 1.0 - p);
    const Expression r = detail::sqrt(-detail::log(tail_probability));
    const Expression tail = detail::select(
        r > constant(far_tail, r), far_tail_quantile(r - far_tail), near_tail_quantile(r - 1.6));
    const Expression is_central = constant(central_half_width, q) > detail::abs(q);
    const Expression is_low = constant(0, q) > q;
    return detail::select(is_central, central, detail::select(is_low, -tail, tail));
}

/// The probability that a normal number is below x.
double normal_distribution(double x) {
    return std::erfc(-x / std::numbers::sqrt2) / 2;
}

/// An element of the gamma distribution for each of `concentration`, at least 1 each.
Expression gamma_by_rejection(Key key, const Expression& concentration) {
    constexpr std::uint64_t tries = 8;
    const Shape shape(concentration.shape().span());
    const std::source_location& location = concentration.location();
    const DType dtype = concentration.dtype();
    const Expression d = concentration - 1.0 / 3;
    const Expression c = 1.0 / detail::sqrt(9.0 * d);
    Expression cube = constant(1, d);
    for (std::uint64_t i = 0; i < tries; ++i) {
        const auto [normal_key, uniform_key] = split<2>(fold_in(key, i));
        const Expression x =
            expression(normal(normal_key, shape, {.dtype = dtype}, location), location);
        const Expression root = 1.0 + c * x;
        const Expression v = root * root * root;
        const Expression bound = 0.5 * (x * x) + d - d * v + d * detail::log(v);
        // Where v is not positive its logarithm is NaN or -inf, and the comparison false.
        const Expression is_accepted =
            detail::log(uniform_numbers(uniform_key, shape, dtype, location)) < bound;
        cube = detail::select(is_accepted, v, cube);
    }
    return d * cube;
}

}  // namespace

Tensor truncated_normal(Key key, const Shape& shape, double low, double high,
                        const TensorOptions& options, std::source_location location) {
    constexpr std::string_view op = "truncated_normal";
    const DType dtype = detail::floating_dtype(options, op, location);
    detail::require_shape(shape.span(), DType::i64, op, location);
    const DType wide = detail::computing_dtype(dtype);
    const double least = wide == DType::f32 ? double{std::numeric_limits<float>::min()}
                                            : std::numeric_limits<double>::min();
    // Small probabilities are exact, those close to 1 are not.
    const bool is_mirrored = low > 0;
    const double first = normal_distribution(is_mirrored ? -high : low);
    const double last = normal_distribution(is_mirrored ? -low : high);
    if (!(low < high) || !(last - first > least)) {
        ir::raise<ValueError>(location,
                              fmt::format("{}: no normal number lies in [{}, {}]", op, low, high));
    }
    const Expression u = uniform_numbers(key, shape, wide, location);
    const Expression p = detail::scalar(first, u) + detail::scalar(last - first, u) * u;
    const Expression x = normal_quantile(detail::apply(Op::maximum, p, constant(least, p)));
    const Expression sided = is_mirrored ? -x : x;
    const Expression bounded =
        detail::apply(Op::maximum, detail::apply(Op::minimum, sided, detail::scalar(high, x)),
                      detail::scalar(low, x));
    return detail::created(detail::cast(bounded, dtype), options, op);
}

Tensor gamma(Key key, const Shape& shape, const Operand& concentration,
             const TensorOptions& options, std::source_location location) {
    constexpr std::string_view op = "gamma";
    const bool has_dtype = concentration.is_tensor() && is_floating(concentration.tensor().dtype());
    const DType dtype = detail::floating_dtype(
        {.dtype = options.dtype.value_or(has_dtype ? concentration.tensor().dtype() : DType::f32)},
        op, location);
    detail::require_shape(shape.span(), DType::i64, op, location);
    const DType wide = detail::computing_dtype(dtype);
    const Expression a = detail::broadcast_to(
        detail::stop_gradient(detail::operand_as(concentration, wide, op)), shape.span(), op);
    const auto [rejection_key, boost_key] = split<2>(key);
    // Below 1 the distribution is that of a + 1 times u^(1 / a).
    const Expression is_small = a < constant(1, a);
    const Expression value =
        gamma_by_rejection(rejection_key, detail::select(is_small, a + 1.0, a));
    const Expression u = 1.0 - uniform_numbers(boost_key, shape, wide, location);
    const Expression boost = detail::exp(detail::log(u) / a);
    const Expression boosted = detail::select(is_small, value * boost, value);
    const Expression nan = constant(std::numeric_limits<double>::quiet_NaN(), a);
    const Expression drawn = detail::select(a > constant(0, a), boosted, nan);
    return detail::created(detail::cast(drawn, dtype), options, op);
}

Tensor categorical(Key key, const Tensor& logits, int axis, std::source_location location) {
    constexpr std::string_view op = "categorical";
    const Expression logit = detail::floating(logits, location);
    detail::require_elements(
        logit, {detail::normalized_axis(axis, logit.shape().size(), op, location)}, op);
    const Expression x = detail::cast(logit, detail::computing_dtype(logit.dtype()));
    const Expression u = uniform_numbers(key, Shape(x.shape().span()), x.dtype(), location);
    // Away from 0, whose noise would be infinite.
    const Expression positive = detail::apply(Op::maximum, u, constant(0x1p-25, u));
    const Expression noise = -detail::log(-detail::log(positive));
    return argmax(wrap(x + noise), axis, false, location);
}

Tensor permutation(Key key, std::int64_t count, std::source_location location) {
    if (count < 0) {
        ir::raise<ValueError>(
            location, fmt::format("permutation: the count must not be negative, got {}", count));
    }
    // 53 random bits each: equal ones, which keep their order, are as good as never met.
    const Expression order = uniform_numbers(key, {count}, DType::f64, location);
    return argsort(wrap(order), 0, false, location);
}

Tensor permutation(Key key, const Tensor& x, int axis, std::source_location location) {
    const std::int64_t along =
        detail::normalized_axis(axis, static_cast<std::size_t>(x.rank()), "permutation", location);
    const Tensor order = permutation(key, x.extent(static_cast<int>(along)), location);
    return take(x, order, static_cast<int>(along), location);
}

}  // namespace latent
