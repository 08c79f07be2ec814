#include "tests/fuzz/rounding.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "codegen/reference/interpreter.h"
#include "ir/builder.h"
#include "tests/support/elements.h"

namespace latent::fuzz {

namespace {

using Doubles = std::vector<double>;

/// The arithmetic that kernels compute a dtype in.
struct Format {
    int digits;
    double largest;
    double least_normal;
    double least;
    double function_error;  ///< of the functions in codegen/math, relative
};

template <std::floating_point T>
Format format_of(double function_ulps) {
    using Limits = std::numeric_limits<T>;
    return {Limits::digits, Limits::max(), Limits::min(), Limits::denorm_min(),
            function_ulps * double{Limits::epsilon()}};
}

/// The errors that docs/accuracy.md names, and in f64 also the C library's, which the interpreter
/// uses.
Format compute_format(DType dtype) {
    return dtype == DType::f64 ? format_of<double>(6) : format_of<float>(3);
}

double unit_roundoff(DType dtype) {
    switch (dtype) {
        case DType::f16:
            return 0x1p-11;
        case DType::bf16:
            return 0x1p-8;
        case DType::f32:
            return 0x1p-24;
        default:
            return 0x1p-53;
    }
}

Doubles doubles(const Array& array) {
    return test::with_elements(array, []<typename T>(std::span<const T> elements) {
        Doubles result(elements.size());
        std::ranges::transform(elements, result.begin(),
                               [](T x) { return static_cast<double>(x); });
        return result;
    });
}

Array array_of(const Doubles& elements, const ir::Shape& shape) {
    return Array::from(std::span<const double>(elements), shape);
}

Array rounded(const Doubles& elements, const ir::Type& type) {
    Array result(type);
    test::with_elements(result, [&]<typename T>(std::span<const T>) {
        std::ranges::transform(elements, result.mutable_data<T>().begin(),
                               [](double x) { return static_cast<T>(x); });
    });
    return result;
}

template <typename F>
Array map(const Array& array, F&& function) {
    Doubles elements = doubles(array);
    std::ranges::transform(elements, elements.begin(), function);
    return array_of(elements, array.type().shape);
}

Array apply(ir::Op op, const ir::Attributes& attributes, std::span<const Array> operands) {
    std::vector<ir::Value> parameters;
    for (std::size_t i = 0; i < operands.size(); ++i) {
        parameters.push_back(ir::parameter(static_cast<std::int64_t>(i), operands[i].type(), {}));
    }
    const ir::Value value = ir::make(op, attributes, parameters, {});
    return codegen::reference::interpret(ir::Graph{{value}}, operands).front();
}

std::int64_t extent_of(const ir::Node& node, std::int64_t axis) {
    return node.operand(0).type().shape[static_cast<std::size_t>(axis)];
}

/// Roundings on the way to one element, at most.
double roundings(const ir::Node& node) {
    std::int64_t count = 1;
    switch (node.op()) {
        case ir::Op::reduce_sum:
        case ir::Op::reduce_prod:
            for (const std::int64_t axis : node.attributes_as<ir::ReduceAttributes>().axes) {
                count *= extent_of(node, axis);
            }
            break;
        case ir::Op::contraction: {
            const auto& labels = node.attributes_as<ir::ContractionAttributes>();
            for (std::size_t i = 0; i < labels.lhs.size(); ++i) {
                if (std::ranges::find(labels.out, labels.lhs[i]) == labels.out.end()) {
                    count *= node.operand(0).type().shape[i];
                }
            }
            break;
        }
        case ir::Op::fold:
            for (const std::int64_t size : node.attributes_as<ir::FoldAttributes>().size) {
                count *= size;
            }
            break;
        default:
            count = 2 * extent_of(node, node.attributes_as<ir::ScanAttributes>().axis);
    }
    return static_cast<double>(count);
}

/// The largest power of two that divides all finite elements; infinite for zeros alone.
double quantum(const Array& array) {
    double result = std::numeric_limits<double>::infinity();
    for (const double x : doubles(array)) {
        if (x != 0 && std::isfinite(x)) {
            int exponent = 0;
            auto mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
            for (exponent -= 53; mantissa % 2 == 0; ++exponent) {
                mantissa /= 2;
            }
            result = std::min(result, std::ldexp(1.0, exponent));
        }
    }
    return result;
}

/// Elements computed in f64, how far each may be off, and which have no bound at all.
struct Estimate {
    Doubles values;
    Doubles errors;
    std::vector<bool> unbounded;

    explicit Estimate(Doubles elements)
        : values(std::move(elements)),
          errors(values.size(), 0.0),
          unbounded(values.size(), false) {}
};

std::vector<Array> in_f64(std::span<const Array> operands) {
    std::vector<Array> result;
    for (const Array& operand : operands) {
        result.push_back(map(operand, [](double x) { return x; }));
    }
    return result;
}

Estimate estimate_function(const ir::Node& node, std::span<const Array> operands) {
    constexpr double reduced_accurately = 0x1p29;
    constexpr double divided_exactly = 0x1p53;
    const DType dtype = node.type().dtype;
    const Format format = compute_format(dtype);
    const std::vector<Array> wide = in_f64(operands);
    Estimate result(doubles(apply(node.op(), node.attributes(), wide)));
    const std::span<const double> x = wide[0].data<double>();
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double size = std::fabs(result.values[i]);
        result.errors[i] =
            format.function_error * size + (size < format.least_normal ? 3 * format.least : 0);
        switch (node.op()) {
            case ir::Op::remainder:
                result.errors[i] = 0;
                result.unbounded[i] =
                    std::fabs(x[i] / wide[1].data<double>()[i]) >= divided_exactly;
                break;
            case ir::Op::sin:
            case ir::Op::cos:
                result.unbounded[i] = dtype == DType::f64 && std::fabs(x[i]) > reduced_accurately;
                break;
            case ir::Op::tan:
                // Beyond this a rounding error in x is a hundredth of a period: any pole may be
                // near.
                result.unbounded[i] =
                    std::fabs(x[i]) >
                    std::fmin(reduced_accurately, std::ldexp(1.0, format.digits - 7));
                break;
            case ir::Op::lgamma:
                if (dtype == DType::f64 && x[i] < 0) {
                    result.errors[i] +=
                        format.function_error * std::max(1.0, std::lgamma(1 - x[i]));
                }
                break;
            default:
                break;
        }
    }
    return result;
}

/// Whether a partial product may leave the normal numbers.
std::vector<bool> unbounded_products(const ir::Node& node, const Array& operand) {
    const Format format = compute_format(node.type().dtype);
    const Array large =
        map(operand, [](double x) { return std::isfinite(x) ? std::fmax(1, std::fabs(x)) : 1; });
    const Array small =
        map(operand, [](double x) { return x == 0 ? 1 : std::fmin(1, std::fabs(x)); });
    const Doubles highest = doubles(apply(node.op(), node.attributes(), {&large, 1}));
    const Doubles lowest = doubles(apply(node.op(), node.attributes(), {&small, 1}));
    std::vector<bool> result(highest.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
        result[i] = highest[i] > format.largest || lowest[i] < format.least_normal;
    }
    return result;
}

/// Once a step of a recurrence has no bound, neither has what follows from it.
std::vector<bool> unbounded_from_there_on(const ir::Node& node,
                                          const std::vector<bool>& unbounded) {
    const ir::Shape& shape = node.type().shape;
    const Doubles steps(unbounded.begin(), unbounded.end());
    const std::vector<Array> operands = {array_of(Doubles(steps.size(), 1.0), shape),
                                         array_of(steps, shape)};
    const Doubles count = doubles(apply(node.op(), node.attributes(), operands));
    std::vector<bool> result;
    for (const double earlier : count) {
        result.push_back(earlier > 0);
    }
    return result;
}

bool is_finite(const Array& array) {
    return std::ranges::all_of(doubles(array), [](double x) { return std::isfinite(x); });
}

/// Whether kernels may compute a fold as a convolution with zeros around its operand, which take
/// part in its products.
bool may_be_convolution(const ir::Node& node) {
    if (node.op() != ir::Op::fold) {
        return false;
    }
    const ir::Node* operand = node.operand(0).node.get();
    while (ir::category(operand->op()) == ir::Category::view) {
        operand = operand->operand(0).node.get();
    }
    return operand->op() == ir::Op::contraction;
}

/// n u (sum of magnitudes) bounds the error of a sum of n numbers in any order, and none is made
/// where all partial sums are numbers of the format. Source: N. J. Higham, Accuracy and Stability
/// of Numerical Algorithms, section 4.2. A last rounding may be left out where sums are merged.
Estimate estimate_sum(const ir::Node& node, std::span<const Array> operands) {
    const DType dtype = node.type().dtype;
    const Format format = compute_format(dtype);
    const double count = roundings(node);
    const bool is_product = node.op() == ir::Op::reduce_prod;
    const std::vector<Array> wide = in_f64(operands);
    std::vector<Array> sizes;
    double step = 1;
    bool finite_operands = true;
    for (const Array& operand : wide) {
        sizes.push_back(map(operand, [](double x) { return std::fabs(x); }));
        step *= quantum(operand);
        finite_operands = finite_operands && is_finite(operand);
    }
    Estimate result(doubles(apply(node.op(), node.attributes(), wide)));
    const Doubles magnitudes = doubles(apply(node.op(), node.attributes(), sizes));
    const Array in_dtype = rounded(result.values, node.type());
    const Doubles representable = doubles(in_dtype);
    if (!finite_operands && may_be_convolution(node)) {
        result.unbounded.assign(result.values.size(), true);
        return result;
    }
    const bool is_plain_sum = !is_product && node.op() != ir::Op::linear_recurrence;
    if (is_product) {
        result.unbounded = unbounded_products(node, wide[0]);
    }
    for (std::size_t i = 0; i < magnitudes.size(); ++i) {
        const double value = result.values[i];
        if (!std::isfinite(value)) {
            result.unbounded[i] = result.unbounded[i] || finite_operands;
            continue;
        }
        const bool is_exact =
            count <= 1 || (is_plain_sum && magnitudes[i] <= std::ldexp(step, format.digits));
        if (!is_exact) {
            result.errors[i] =
                2 * count * std::ldexp(magnitudes[i], -format.digits) + count * format.least;
        }
        if (representable[i] != value) {
            result.errors[i] += 2 * unit_roundoff(dtype) * std::fabs(value);
        }
        // A sum that is too large for the dtype may be merged into one that is not.
        result.unbounded[i] = result.unbounded[i] || magnitudes[i] > format.largest ||
                              !std::isfinite(representable[i]);
    }
    if (node.op() == ir::Op::linear_recurrence) {
        result.unbounded = unbounded_from_there_on(node, result.unbounded);
    }
    return result;
}

}  // namespace

Rounding rounding_of(const ir::Node& node) {
    if (!is_floating(node.type().dtype)) {
        return Rounding::none;
    }
    switch (node.op()) {
        case ir::Op::reduce_sum:
        case ir::Op::reduce_prod:
        case ir::Op::cumulative_sum:
        case ir::Op::linear_recurrence:
        case ir::Op::contraction:
        case ir::Op::fold:
            return Rounding::sum;
        case ir::Op::remainder:
            return Rounding::function;
        default:
            return ir::is_transcendental(node.op()) ? Rounding::function : Rounding::none;
    }
}

Array compute(const ir::Node& node, std::span<const Array> operands) {
    return apply(node.op(), node.attributes(), operands);
}

Array compute_perturbed(const ir::Node& node, std::span<const Array> operands,
                        std::mt19937_64& random) {
    const Rounding rounding = rounding_of(node);
    if (rounding == Rounding::none) {
        return compute(node, operands);
    }
    Estimate estimate = rounding == Rounding::function ? estimate_function(node, operands)
                                                       : estimate_sum(node, operands);
    const bool any_as_nan = random() % 2 == 0;
    const bool at_bounds = random() % 2 == 0;
    for (std::size_t i = 0; i < estimate.values.size(); ++i) {
        double& value = estimate.values[i];
        const std::uint64_t bits = random();
        if (estimate.unbounded[i]) {
            value = any_as_nan ? std::numeric_limits<double>::quiet_NaN()
                               : std::ldexp(static_cast<double>(bits % 1000), -5);
        } else if (value == 0 && rounding == Rounding::sum) {
            // Whether a sum of zeros begins with +0 is left open.
            value = std::copysign(estimate.errors[i], bits % 2 == 0 ? 1.0 : -1.0);
        } else if (std::isfinite(value)) {
            // At the bounds in every other run, for steps; anywhere within in the others, for what
            // goes up and down in between.
            const double share = at_bounds ? 1 : static_cast<double>(bits >> 11) / 0x1p53;
            const double moved = value + (bits % 2 == 0 ? share : -share) * estimate.errors[i];
            const bool keeps_sign = rounding == Rounding::sum || moved * value > 0;
            value = keeps_sign ? moved : std::copysign(0.0, value);
        }
    }
    return rounded(estimate.values, node.type());
}

}  // namespace latent::fuzz
