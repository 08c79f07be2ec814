// Halide's autoschedulers beside Latent's kernels, which are Halide's too, but scheduled by Latent:
// the same formulas as plain algorithms, with the sizes given as estimates.

#include <Halide.h>
#include <fmt/format.h>

#include <cstdlib>

#include "benchmarks/peers/native_cases/native_case.h"

namespace {

using namespace latent::peers;
using Halide::Expr;
using Halide::Func;
using Halide::ImageParam;
using Parameters = std::vector<ImageParam>;

int thread_count = 1;

/// The extents of each array, innermost first, as Halide counts.
std::vector<int> reversed_extents(const Array& array) {
    return {array.shape().rbegin(), array.shape().rend()};
}

Expr gelu_tanh(const Expr& x) {
    // 0.5 (1 + tanh(u)) = 1 / (1 + exp(-2u)), and unlike tanh, exp has vectors.
    return x / (1.0F + Halide::exp(-2 * 0.79788456F * (x + 0.044715F * x * x * x)));
}

/// Schedules and compiles `result` for the shapes of the arrays, and gives the call.
std::function<void()> autoscheduled(Func result, Parameters parameters, const Arrays& inputs,
                                    const Array& output, const std::string& autoscheduler) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const std::vector<int> extents = reversed_extents(*inputs[i]);
        for (std::size_t axis = 0; axis < extents.size(); ++axis) {
            parameters[i].dim(static_cast<int>(axis)).set_bounds(0, extents[axis]);
            parameters[i].dim(static_cast<int>(axis)).set_estimate(0, extents[axis]);
        }
        parameters[i].set(Halide::Buffer<float>(inputs[i]->data(), extents));
    }
    const std::vector<int> extents = reversed_extents(output);
    Halide::Region estimates;
    for (const int extent : extents) {
        estimates.emplace_back(0, extent);
    }
    result.set_estimates(estimates);
    const Halide::Target target = Halide::get_jit_target_from_environment();
    Halide::Pipeline pipeline(result);
    pipeline.apply_autoscheduler(target,
                                 {autoscheduler, {{"parallelism", std::to_string(thread_count)}}});
    pipeline.compile_jit(target);
    Halide::Buffer<float> buffer(output.data(), extents);
    return [pipeline, parameters, buffer]() mutable { pipeline.realize(buffer); };
}

/// A case whose result is of the shape of `shapes(inputs)`; `algorithm` makes it of the parameters.
LibraryCase halide_case(const std::vector<std::string>& names,
                        const std::function<std::vector<std::int64_t>(const Arrays&)>& shape,
                        const std::function<Func(const Parameters&, const Arrays&)>& algorithm) {
    return {.prepare =
                [=](const latent::conformance::TensorFile& file, const std::string& variant) {
                    const Arrays inputs = read_arrays(file, names);
                    const auto output = std::make_shared<const Array>(shape(inputs));
                    Parameters parameters;
                    for (std::size_t i = 0; i < names.size(); ++i) {
                        parameters.emplace_back(Halide::Float(32),
                                                static_cast<int>(inputs[i]->shape().size()),
                                                names[i]);
                    }
                    const auto call = autoscheduled(algorithm(parameters, inputs), parameters,
                                                    inputs, *output, variant);
                    return PreparedCase{.call = [call, inputs, output] { call(); },
                                        .results =
                                            [call, inputs, output] {
                                                call();
                                                return elements_of({output});
                                            }};
                },
            .variants = {"Adams2019", "Mullapudi2016"}};
}

std::vector<std::int64_t> like_first(const Arrays& inputs) {
    return inputs[0]->shape();
}

std::vector<std::int64_t> product_shape(const Arrays& inputs) {
    return {inputs[0]->shape()[0], inputs[1]->shape()[1]};
}

Func chain(const Parameters& in, const Arrays&) {
    Halide::Var i("i");
    Func y("y");
    y(i) = gelu_tanh(in[0](i) * 1.1F + 0.1F);
    return y;
}

Func softmax(const Parameters& in, const Arrays& arrays) {
    Halide::Var j("j");
    Halide::Var i("i");
    const Halide::RDom row(0, arrays[0]->extent(1));
    Func largest("largest");
    Func power("power");
    Func sum("sum");
    Func y("y");
    largest(i) = Halide::Float(32).min();
    largest(i) = Halide::max(largest(i), in[0](row, i));
    power(j, i) = Halide::exp(in[0](j, i) - largest(i));
    sum(i) = 0.0F;
    sum(i) += power(row, i);
    y(j, i) = power(j, i) / sum(i);
    return y;
}

Func layer_normalisation(const Parameters& in, const Arrays& arrays) {
    Halide::Var j("j");
    Halide::Var i("i");
    const int size = arrays[0]->extent(1);
    const Halide::RDom row(0, size);
    Func sum("sum");
    Func squares("squares");
    Func y("y");
    const auto centred = [&](const Expr& column) {
        return in[0](column, i) - sum(i) / static_cast<float>(size);
    };
    sum(i) = 0.0F;
    sum(i) += in[0](row, i);
    squares(i) = 0.0F;
    squares(i) += centred(row) * centred(row);
    y(j, i) = centred(j) / Halide::sqrt(squares(i) / static_cast<float>(size) + 1e-5F) * in[1](j) +
              in[2](j);
    return y;
}

Func product(const Parameters& in, const Arrays& arrays) {
    Halide::Var j("j");
    Halide::Var i("i");
    const Halide::RDom k(0, arrays[0]->extent(1));
    Func sum("sum");
    Func c("c");
    sum(j, i) = 0.0F;
    sum(j, i) += in[0](k, i) * in[1](j, k);
    c(j, i) = sum(j, i);
    return c;
}

Func product_with_bias_and_gelu(const Parameters& in, const Arrays& arrays) {
    Halide::Var j("j");
    Halide::Var i("i");
    const Func sum = product(in, arrays);
    Func y("y");
    y(j, i) = gelu_tanh(sum(j, i) + in[2](j));
    return y;
}

/// Of 3x3 filters, with a border of zeros.
Func convolution(const Parameters& in, const Arrays& arrays) {
    Halide::Var column("column");
    Halide::Var row("row");
    Halide::Var channel("channel");
    Halide::Var image("image");
    const Array& x = *arrays[0];
    const Func padded = Halide::BoundaryConditions::constant_exterior(
        in[0], 0.0F, {{0, x.extent(3)}, {0, x.extent(2)}});
    const Halide::RDom r(0, 3, 0, 3, 0, x.extent(1));
    Func sum("sum");
    Func y("y");
    sum(column, row, channel, image) = 0.0F;
    sum(column, row, channel, image) +=
        in[1](r.x, r.y, r.z, channel) * padded(column + r.x - 1, row + r.y - 1, r.z, image);
    y(column, row, channel, image) = sum(column, row, channel, image);
    return y;
}

void start(int threads) {
    thread_count = threads;
    setenv("HL_NUM_THREADS", std::to_string(threads).c_str(), 1);
    Halide::load_plugin(LATENT_ADAMS2019_FILE);
    Halide::load_plugin(LATENT_MULLAPUDI2016_FILE);
}

}  // namespace

int main(int argc, char** argv) {
    Library library{.name = "halide_cases", .cases = {}, .start = start, .details = [] {
                        return nlohmann::json{
                            {"version", fmt::format("{}.{}.{}", HALIDE_VERSION_MAJOR,
                                                    HALIDE_VERSION_MINOR, HALIDE_VERSION_PATCH)}};
                    }};
    library.cases["ew_chain"] = halide_case({"x"}, like_first, chain);
    library.cases["softmax"] = halide_case({"x"}, like_first, softmax);
    library.cases["layernorm"] =
        halide_case({"x", "gamma", "beta"}, like_first, layer_normalisation);
    library.cases["gemm_512"] = halide_case({"a", "b"}, product_shape, product);
    library.cases["gemm_1024"] = halide_case({"a", "b"}, product_shape, product);
    library.cases["gemm_bias_gelu"] =
        halide_case({"a", "b", "c"}, product_shape, product_with_bias_and_gelu);
    library.cases["conv3x3"] = halide_case({"x", "w"}, like_first, convolution);
    return run_program(library, argc, argv);
}
