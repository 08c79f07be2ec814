#include <bit>
#include <cstdint>

#include "tests/frontend/support.h"

using namespace latent;
using test::Function;

// f16 and bf16 are stored narrow and computed in f32: an operation of several steps rounds once.

namespace {

struct Case {
    std::string name;
    Function function;
    std::vector<Shape> inputs = {{5, 7}};
    /// Of the random inputs.
    double scale = 1;
    double offset = 0;
};

/// The operations that are composed of several steps.
std::vector<Case> composed_operations() {
    const Tensor labels = Tensor::from({0, 6, 3, 3, 1});
    const auto unary = [](Tensor (*function)(const Tensor&, std::source_location)) {
        return
            [function](const auto& in) { return function(in[0], std::source_location::current()); };
    };
    using Loss = Tensor (*)(const Tensor&, const Tensor&, Reduction, std::source_location);
    const auto loss = [](Loss function, Reduction reduction) {
        return [=](const auto& in) {
            return function(in[0], in[1], reduction, std::source_location::current());
        };
    };
    const std::vector<Shape> pair = {{5, 7}, {5, 7}};
    const std::vector<Shape> rows = {{5, 7}, {7}, {7}};
    const std::vector<Shape> image = {{2, 4, 3, 5}, {4}, {4}};
    return {
        {"leaky_relu", [](const auto& in) { return leaky_relu(in[0], 0.3); }},
        {"elu", [](const auto& in) { return elu(in[0], 1.3); }},
        {"selu", unary(selu)},
        {"sigmoid", unary(sigmoid)},
        {"tanh", unary(tanh)},
        {"erf", unary(erf)},
        {"log_sigmoid", unary(log_sigmoid)},
        {"silu", unary(silu)},
        {"hardswish", unary(hardswish)},
        {"softplus", unary(softplus)},
        {"mish", unary(mish)},
        {"gelu", [](const auto& in) { return gelu(in[0]); }},
        {"gelu, tanh", [](const auto& in) { return gelu(in[0], Gelu::tanh); }},
        {"softmax", [](const auto& in) { return softmax(in[0]); }},
        {"softmax of columns", [](const auto& in) { return softmax(in[0], 0); }},
        {"log_softmax", [](const auto& in) { return log_softmax(in[0]); }},
        {"rsqrt", unary(rsqrt), {{5, 7}}, 0.2, 1},
        {"log2", unary(log2), {{5, 7}}, 0.2, 1},
        {"log10", unary(log10), {{5, 7}}, 0.2, 1},
        {"digamma", unary(digamma), {{5, 7}}, 0.2, 2},
        {"pow", [](const auto& in) { return pow(in[0], 5); }},
        {"reciprocal root", [](const auto& in) { return pow(in[0], -0.5); }, {{5, 7}}, 0.2, 1},
        {"hypot", [](const auto& in) { return hypot(in[0], in[1]); }, pair},
        {"logaddexp", [](const auto& in) { return logaddexp(in[0], in[1]); }, pair},
        {"mean", [](const auto& in) { return in[0].mean(1); }},
        {"var", [](const auto& in) { return var(in[0], {.axes = 1}); }},
        {"stddev", [](const auto& in) { return stddev(in[0], {.axes = 0}); }},
        {"logsumexp", [](const auto& in) { return logsumexp(in[0], 1); }},
        {"norm 1", [](const auto& in) { return norm(in[0], 1, 1); }},
        {"norm 2", [](const auto& in) { return norm(in[0], 1); }},
        {"norm 3", [](const auto& in) { return norm(in[0], 1, 3); }},
        {"logcumsumexp", [](const auto& in) { return logcumsumexp(in[0], 1); }},
        {"quantile", [](const auto& in) { return quantile(in[0], 0.3, 1); }},
        {"avg_pool2d",
         [](const auto& in) { return avg_pool2d(in[0], {.size = 3}); },
         {{1, 2, 6, 7}}},
        {"layer_norm", [](const auto& in) { return layer_norm(in[0], in[1], in[2]); }, rows},
        {"rms_norm", [](const auto& in) { return rms_norm(in[0], in[1]); }, {{5, 7}, {7}}},
        {"group_norm", [](const auto& in) { return group_norm(in[0], 2, in[1], in[2]); }, image},
        {"instance_norm", [](const auto& in) { return instance_norm(in[0]); }, {{2, 4, 3, 5}}},
        {"batch_norm",
         [](const auto& in) { return batch_norm(in[0], {in[1], full({4}, 0.7)}, in[1], in[2]); },
         image},
        {"batch_norm_training",
         [](const auto& in) {
             const ChannelStatistics running{zeros({4}), ones({4})};
             return batch_norm_training(in[0], running, in[1], in[2]).output;
         },
         image},
        {"cross_entropy",
         [=](const auto& in) { return cross_entropy(in[0], labels, Reduction::none); }},
        {"cross_entropy, mean", [=](const auto& in) { return cross_entropy(in[0], labels); }},
        {"binary_cross_entropy_with_logits",
         [](const auto& in) { return binary_cross_entropy_with_logits(in[0], in[1]); }, pair},
        {"mse_loss", loss(mse_loss, Reduction::mean), pair},
        {"mse_loss, sum", loss(mse_loss, Reduction::sum), pair, 0.1},
        {"l1_loss", loss(l1_loss, Reduction::batch_mean), pair},
        {"huber_loss", [](const auto& in) { return huber_loss(in[0], in[1], 0.7); }, pair},
        {"smooth_l1_loss",
         [](const auto& in) { return smooth_l1_loss(in[0], in[1], 0.7, Reduction::none); }, pair},
        {"kl_div", [](const auto& in) { return kl_div(in[0], in[1]); }, pair, 0.1, 1},
        {"cosine_similarity", [](const auto& in) { return cosine_similarity(in[0], in[1]); }, pair},
        {"attention",
         [](const auto& in) {
             return scaled_dot_product_attention(in[0], in[1], in[2], {.causal = true});
         },
         {{5, 7}, {6, 7}, {6, 3}}},
        {"rotary_embedding", [](const auto& in) { return rotary_embedding(in[0]); }, {{5, 6}}},
        {"interpolate",
         [](const auto& in) { return interpolate(in[0], {5, 7}, {.mode = Interpolation::linear}); },
         {{1, 2, 3, 4}}},
        {"dropout", [](const auto& in) { return dropout(Key(3), in[0], 0.3); }},
        {"clip_by_global_norm",
         [](const auto& in) { return optim::clip_by_global_norm(in[0], 0.7).gradients; }},
    };
}

/// Half the distance to the next number of the dtype.
double half_step(double x, DType dtype) {
    const int digits = dtype == DType::f16 ? 11 : 8;
    const int least_exponent = dtype == DType::f16 ? -14 : -126;
    const int exponent = x == 0 ? least_exponent : std::max(least_exponent, std::ilogb(x));
    return std::ldexp(1.0, exponent - digits);
}

/// `narrow` is `wide` rounded once, but for `steps` - 1/2 more steps and the errors of f32.
void check_rounded(const Tensor& narrow, const Tensor& wide, DType dtype, double steps = 0.5) {
    CHECK(narrow.dtype() == dtype);
    REQUIRE(narrow.shape() == wide.shape());
    const std::vector<double> got = test::values(narrow);
    const std::vector<double> expected = test::values(wide);
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double allowed =
            2 * steps * half_step(expected[i], dtype) + 1e-5 * std::abs(expected[i]) + 1e-6;
        INFO("element " << i << ": " << got[i] << ", expected " << expected[i]);
        CHECK(std::abs(got[i] - expected[i]) <= allowed);
    }
}

/// Values and gradients of a case.
struct Results {
    std::vector<Tensor> gradients;
    Tensor value;
};

Results results_of(const Case& example, const std::vector<Tensor>& inputs) {
    Results results;
    results.gradients = value_and_grad(
                            [&](const std::vector<Tensor>& at) {
                                results.value = example.function(at);
                                return results.value.sum();
                            },
                            inputs)
                            .second;
    return results;
}

/// Every number of `Narrow`, what lies halfway to the next and beside that, and floats of all
/// exponents.
template <typename Narrow>
std::vector<float> float_samples() {
    std::vector<float> samples;
    for (std::uint32_t bits = 0; bits <= 0xffffU; ++bits) {
        const float x = Narrow::from_bits(static_cast<std::uint16_t>(bits));
        const float next = Narrow::from_bits(static_cast<std::uint16_t>(bits + 1));
        const float middle = std::isfinite(next) ? x + (next - x) / 2 : 65520.0F;
        for (const float y :
             {x, middle, std::nextafter(middle, 0.0F), std::nextafter(middle, next)}) {
            samples.push_back(y);
        }
        samples.push_back(std::bit_cast<float>(bits * 65537U));
    }
    return samples;
}

template <typename Narrow, typename Wide>
void check_casts(const std::vector<Wide>& samples, DType dtype) {
    const Tensor stored = Tensor::from(samples).cast(dtype).eval();
    const Tensor used = Tensor::from(samples).cast(dtype).cast(DType::f32).eval();
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const Narrow expected(samples[i]);
        if (stored.data<Narrow>()[i].bits() != expected.bits()) {
            FAIL_CHECK(samples[i] << " is stored as " << stored.data<Narrow>()[i].bits());
        }
        const float value = expected;
        const float actual = used.data<float>()[i];
        if (std::isnan(value)
                ? !std::isnan(actual)
                : std::bit_cast<std::uint32_t>(actual) != std::bit_cast<std::uint32_t>(value)) {
            FAIL_CHECK(samples[i] << " is used as " << actual);
        }
    }
}

}  // namespace

TEST_CASE("composed operations of f16 and bf16 compute in f32 and round once, gradients too") {
    for (const DType dtype : {DType::f16, DType::bf16}) {
        for (const Case& example : composed_operations()) {
            INFO(example.name << " of " << name(dtype));
            std::vector<Tensor> narrow_inputs;
            std::vector<Tensor> wide_inputs;
            for (std::size_t i = 0; i < example.inputs.size(); ++i) {
                const Tensor random = normal(Key(i + 1), example.inputs[i]);
                narrow_inputs.push_back(
                    (random * example.scale + example.offset).cast(dtype).eval());
                wide_inputs.push_back(narrow_inputs[i].cast(DType::f32).eval());
            }
            const Results narrow = results_of(example, narrow_inputs);
            const Results wide = results_of(example, wide_inputs);
            eval(narrow.value, wide.value);
            check_rounded(narrow.value, wide.value, dtype);
            for (std::size_t i = 0; i < narrow.gradients.size(); ++i) {
                INFO("gradient " << i);
                CHECK(narrow.gradients[i].dtype() == dtype);
                if (dtype == DType::bf16) {  // Their kernels are most of the time that this takes.
                    eval(narrow.gradients, wide.gradients);
                    check_rounded(narrow.gradients[i], wide.gradients[i], dtype, 1);
                }
            }
        }
    }
}

TEST_CASE("running statistics keep their dtype beside a narrow batch") {
    const Tensor x = normal(Key(1), {8, 3, 5}).cast(DType::bf16).eval();
    const Tensor gamma = ones({3});
    const Tensor beta = zeros({3});
    const auto narrow = batch_norm_training(x, {beta, gamma}, gamma, beta);
    const auto wide = batch_norm_training(x.cast(DType::f32), {beta, gamma}, gamma, beta);
    CHECK(narrow.output.dtype() == DType::bf16);
    CHECK(narrow.running.mean.dtype() == DType::f32);
    test::check_values(narrow.running.mean, {3}, test::values(wide.running.mean));
    test::check_values(narrow.running.variance, {3}, test::values(wide.running.variance));
}

TEST_CASE("random numbers of f16 and bf16 have the bits that their significands hold") {
    for (const auto& [dtype, bits] : {std::pair(DType::f16, 11), std::pair(DType::bf16, 8)}) {
        INFO(name(dtype));
        const std::vector<double> numbers = test::values(uniform(Key(1), {4000}, {.dtype = dtype}));
        for (const double x : numbers) {
            CHECK((x >= 0 && x < 1 && std::fmod(std::ldexp(x, bits), 1) == 0));
        }
        const Tensor normals = normal(Key(1), {4000}, {.dtype = dtype});
        check_rounded(normals, normal(Key(1), {4000}), dtype);
        const Tensor inside = truncated_normal(Key(1), {4000}, -1, 2, {.dtype = dtype});
        check_rounded(inside, truncated_normal(Key(1), {4000}, -1, 2), dtype);
        const Tensor skewed = gamma(Key(1), {500}, 0.7, {.dtype = dtype});
        check_rounded(skewed, gamma(Key(1), {500}, 0.7), dtype);
    }
}

TEST_CASE("casts to f16 and bf16 round to nearest, ties to even, whether stored or used") {
    check_casts<float16>(float_samples<float16>(), DType::f16);
    check_casts<bfloat16>(float_samples<bfloat16>(), DType::bf16);
    const std::vector<double> doubles{1 + 0x1p-11 + 0x1p-40,   1 + 0x3p-11 - 0x1p-40,
                                      -(1 + 0x1p-8 + 0x1p-50), 0x1p-25 + 0x1p-60,
                                      65520 - 0x1p-20,         1e300,
                                      -test::infinity,         test::not_a_number};
    check_casts<float16>(doubles, DType::f16);
    check_casts<bfloat16>(doubles, DType::bf16);
}

TEST_CASE("nan_to_num takes infinities to the largest number of the dtype") {
    const Tensor x = Tensor::from({test::infinity, -test::infinity});
    test::check_values(nan_to_num(x.cast(DType::f16)), {2}, {65504, -65504});
    test::check_values(nan_to_num(x.cast(DType::bf16)), {2}, {0x1.FEp127, -0x1.FEp127});
}

TEST_CASE("steps of narrow parameters are computed in f32, with f32 state") {
    const std::vector<Tensor> wide{leaf(Tensor::from({0.5F, -2.0F, 1.0F}))};
    const std::vector<Tensor> gradient{Tensor::from({0.125F, 0.0F, 1e-5F})};
    const auto check = [&](const auto& optimizer) {
        const std::vector<Tensor> narrow{leaf(wide[0].cast(DType::f16))};
        const std::vector<Tensor> narrow_gradient{gradient[0].cast(DType::f16)};
        const std::vector<Tensor> widened{narrow_gradient[0].cast(DType::f32)};
        const auto [stepped, state] =
            optimizer.update(narrow, narrow_gradient, optimizer.init(narrow));
        const auto expected = optimizer.update(wide, widened, optimizer.init(wide)).first;
        CHECK(stepped[0].requires_grad());
        check_rounded(stepped[0], expected[0], DType::f16);
        for (const NamedTensor& part : named_parameters(state)) {
            INFO(part.name);
            CHECK((part.tensor.dtype() == DType::f32 || part.name == "steps"));
        }
    };
    check(optim::SGD({.momentum = 0.9}));
    check(optim::Adam());
    check(optim::RMSprop());
    check(optim::Adagrad());
    check(optim::Lion());
}

TEST_CASE("widening adds no kernels") {
    const auto launches = [](const Tensor& result) {
        const std::uint64_t before = counters().launches;
        result.eval();
        return counters().launches - before;
    };
    const Tensor gamma = ones({65}).eval();
    for (const DType dtype : {DType::f16, DType::bf16}) {
        const Tensor x = normal(Key(1), {33, 65}).cast(dtype).eval();
        CHECK(launches(softmax(x)) == 1);
        CHECK(launches(log_softmax(x)) == 1);
        CHECK(launches(gelu(x)) == 1);
        CHECK(launches(layer_norm(x, gamma, gamma)) == 1);
        CHECK(launches(x.mean(1)) == 1);
    }
}
