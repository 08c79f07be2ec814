#include "tools/conformance/check.h"

#include <fmt/format.h>
#include <latent/creation.h>
#include <latent/eval.h>
#include <latent/gradients.h>

#include <cmath>
#include <limits>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

/// `[1,2]` of the element at a row-major position.
std::string position_text(std::size_t index, const Shape& shape) {
    std::vector<std::size_t> position(shape.size());
    for (std::size_t i = shape.size(); i-- > 0;) {
        const auto extent = static_cast<std::size_t>(shape[i]);
        position[i] = index % extent;
        index /= extent;
    }
    return fmt::format("[{}]", fmt::join(position, ","));
}

/// The elements, row-major, in a type that holds those of every dtype exactly.
std::vector<long double> elements(const Tensor& x) {
    const auto widened = [](const auto& values) {
        return std::vector<long double>(values.begin(), values.end());
    };
    switch (x.dtype()) {
        case DType::boolean:
            return widened(x.data<bool>());
        case DType::u8:
            return widened(x.data<std::uint8_t>());
        case DType::i8:
            return widened(x.data<std::int8_t>());
        case DType::i16:
            return widened(x.data<std::int16_t>());
        case DType::i32:
            return widened(x.data<std::int32_t>());
        case DType::i64:
            return widened(x.data<std::int64_t>());
        case DType::f16:
            return widened(x.data<float16>());
        case DType::bf16:
            return widened(x.data<bfloat16>());
        case DType::f32:
            return widened(x.data<float>());
        case DType::f64:
            return widened(x.data<double>());
    }
    throw Unsupported("a tensor of no dtype");
}

/// How far `got` is from `want` if that is too far, else 0.
long double excess(long double got, long double want, double relative, double absolute) {
    if (got == want || (std::isnan(got) && std::isnan(want))) {
        return 0;
    }
    const long double error = std::abs(got - want);
    if (!std::isfinite(error)) {
        return std::numeric_limits<long double>::infinity();
    }
    return error <= absolute + relative * std::abs(want) ? 0 : error;
}

/// What is wrong with `got`, which should have dtype `dtype`, and shape and values of `want`.
std::optional<std::string> failure(const Tensor& got, const Tensor& want, DType dtype,
                                   const Case& test) {
    if (got.dtype() != dtype || got.shape() != want.shape()) {
        return fmt::format("{}{}, expected {}{}", name(got.dtype()), to_string(got.shape()),
                           name(dtype), to_string(want.shape()));
    }
    const bool is_exact = !is_floating(dtype);
    const double relative = is_exact ? 0 : test.relative_tolerance;
    const double absolute = is_exact ? 0 : test.absolute_tolerance;
    const std::vector<long double> values = elements(got);
    const std::vector<long double> expected = elements(want);
    std::size_t count = 0;
    std::size_t worst = 0;
    long double largest = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const long double error = excess(values[i], expected[i], relative, absolute);
        count += error > 0 ? 1 : 0;
        if (error > largest) {
            largest = error;
            worst = i;
        }
    }
    if (count == 0) {
        return std::nullopt;
    }
    return fmt::format("{} of {} elements differ, most by {:.3g} at {}: {:.9g}, expected {:.9g}",
                       count, values.size(), largest, position_text(worst, want.shape()),
                       values[worst], expected[worst]);
}

/// A case under way: what it computes, beside what it should.
class Run {
  public:
    Run(const Case& test, const TensorFile& tensors) : test_(test), tensors_(tensors) {
        for (std::size_t i = 0; i < test.inputs.size(); ++i) {
            const Tensor input = tensors[test.inputs[i]];
            inputs_.push_back(test.gradients.contains(i) ? leaf(input) : input);
        }
        const Call call(test.attributes, inputs_);
        outputs_ = perform(test.operation, call);
    }

    std::vector<std::string> failures() {
        if (outputs_.size() != test_.outputs.size()) {
            return {fmt::format("{} outputs, expected {}", outputs_.size(), test_.outputs.size())};
        }
        const std::map<std::size_t, Tensor> gradients = this->gradients();
        // One plan for all, as a training step has it.
        std::vector<Tensor> wanted = outputs_;
        for (const auto& [position, gradient] : gradients) {
            wanted.push_back(gradient);
        }
        eval(wanted);

        std::vector<std::string> result;
        const auto check = [&](std::string_view what, std::size_t position,
                               const std::optional<std::string>& wrong) {
            if (wrong) {
                result.push_back(fmt::format("{} {}: {}", what, position, *wrong));
            }
        };
        for (std::size_t i = 0; i < outputs_.size(); ++i) {
            const Tensor stored = tensors_[test_.outputs[i]];
            check("output", i, failure(outputs_[i], stored, dtype_of_output(stored), test_));
        }
        for (const auto& [position, gradient] : gradients) {
            const Tensor stored = tensors_[test_.gradients.at(position)];
            check("gradient", position,
                  failure(gradient, stored, inputs_[position].dtype(), test_));
        }
        return result;
    }

  private:
    /// What the case names; what is stored may be another dtype, that of the computation.
    DType dtype_of_output(const Tensor& stored) const {
        const auto named = test_.attributes.find("dtype");
        return named == test_.attributes.end() ? stored.dtype()
                                               : dtype_named(named->get<std::string>());
    }

    std::map<std::size_t, Tensor> gradients() const {
        std::map<std::size_t, Tensor> result;
        if (test_.gradients.empty()) {
            return result;
        }
        std::optional<Gradients> all;
        for (std::size_t i = 0; i < outputs_.size(); ++i) {
            if (i < test_.cotangents.size() && test_.cotangents[i]) {
                const Gradients own = outputs_[i].backward(tensors_[*test_.cotangents[i]]);
                all = all ? *all + own : own;
            }
        }
        for (const auto& [position, name] : test_.gradients) {
            result.emplace(position, all.value()[inputs_[position]]);
        }
        return result;
    }

    const Case& test_;
    const TensorFile& tensors_;
    std::vector<Tensor> inputs_;
    std::vector<Tensor> outputs_;
};

}  // namespace

std::vector<std::string> failures_of(const Case& test, const TensorFile& tensors) {
    try {
        return Run(test, tensors).failures();
    } catch (const Unsupported&) {
        throw;
    } catch (const std::exception& error) {
        return {error.what()};
    }
}

}  // namespace latent::conformance
