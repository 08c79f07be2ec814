#include <latent/latent.h>

#include <algorithm>

#include "tools/conformance/gradient_check.h"
#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

/// Whether it computes in f64 and some result depends on each floating input through differentiable
/// operations.
bool is_differentiable(const GradientProblem& problem) {
    std::vector<Tensor> inputs = problem.inputs;
    for (Tensor& input : inputs) {
        if (is_floating(input.dtype())) {
            input = leaf(input.cast(DType::f64));
        }
    }
    Tensor sum = full({}, 0.0, {.dtype = DType::f64});
    for (const Tensor& result : problem.function(inputs)) {
        if (result.dtype() == DType::f64) {
            sum = sum + result.sum();
        }
    }
    if (!sum.requires_grad()) {
        return false;
    }
    const Gradients gradients = sum.backward();
    return std::ranges::all_of(inputs, [&](const Tensor& input) {
        return !is_floating(input.dtype()) || gradients.contains(input);
    });
}

}  // namespace

std::vector<GradientProblem> gradient_problems(const Suite& suite) {
    std::vector<GradientProblem> problems;
    for (const Case& test : suite.cases) {
        GradientProblem problem{.name = test.name,
                                .operation = test.operation,
                                .function =
                                    [&test](const std::vector<Tensor>& inputs) {
                                        return perform(test.operation,
                                                       Call(test.attributes, inputs));
                                    },
                                .inputs = {}};
        for (const std::string& name : test.inputs) {
            problem.inputs.push_back(suite.tensors[name]);
        }
        if (std::ranges::any_of(problem.inputs,
                                [](const Tensor& x) { return is_floating(x.dtype()); }) &&
            is_differentiable(problem)) {
            problems.push_back(std::move(problem));
        }
    }
    return problems;
}

std::vector<GradientProblem> further_gradient_problems() {
    using Inputs = std::vector<Tensor>;
    std::vector<GradientProblem> problems;
    const auto add = [&](const std::string& name, const std::vector<Shape>& shapes, auto function,
                         double offset = 0) {
        GradientProblem problem{
            .name = name,
            .operation = name,
            .function = [function](const Inputs& in) -> Inputs { return {function(in)}; },
            .inputs = {}};
        for (std::size_t i = 0; i < shapes.size(); ++i) {
            problem.inputs.push_back(
                (normal(Key(i + 1), shapes[i], {.dtype = DType::f64}) * 0.7 + offset).eval());
        }
        problems.push_back(std::move(problem));
    };
    const auto positive = [](const Tensor& x) { return square(x) + 0.3; };
    add("digamma", {{7}}, [](const Inputs& in) { return digamma(in[0]); }, 3);
    add("cummin", {{3, 7}}, [](const Inputs& in) { return cummin(in[0], 1).values; });
    add("logcumsumexp", {{3, 7}}, [](const Inputs& in) { return logcumsumexp(in[0], 1); });
    add("median", {{3, 7}}, [](const Inputs& in) { return median(in[0]); });
    add("quantile", {{3, 7}}, [](const Inputs& in) { return quantile(in[0], 0.3, 0); });
    add("nan_to_num", {{7}}, [](const Inputs& in) { return nan_to_num(in[0]); });
    add("instance_norm", {{2, 3, 5}, {3}, {3}},
        [](const Inputs& in) { return instance_norm(in[0], in[1], in[2]); });
    add("batch_norm_training", {{4, 3, 5}, {3}, {3}}, [](const Inputs& in) {
        return batch_norm_training(in[0], {zeros({3}), ones({3})}, in[1], in[2]).output;
    });
    add("kl_div", {{5, 3}, {5, 3}},
        [=](const Inputs& in) { return kl_div(in[0], positive(in[1])); });
    add("smooth_l1_loss", {{5, 3}, {3}},
        [](const Inputs& in) { return smooth_l1_loss(in[0], in[1], 0.4); });
    add("cosine_similarity", {{5, 3}, {5, 3}},
        [](const Inputs& in) { return cosine_similarity(in[0], in[1]); });
    add("rotary_embedding", {{2, 5, 6}}, [](const Inputs& in) { return rotary_embedding(in[0]); });
    add("interpolate, nearest", {{1, 2, 3, 5}},
        [](const Inputs& in) { return interpolate(in[0], {5, 4}); });
    add("interpolate, linear", {{1, 2, 3, 5}}, [](const Inputs& in) {
        return interpolate(in[0], {5, 4}, {.mode = Interpolation::linear});
    });
    add("conv_transpose1d", {{2, 4, 5}, {4, 2, 3}}, [](const Inputs& in) {
        return conv_transpose1d(in[0], in[1],
                                {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2});
    });
    add("conv_transpose3d", {{1, 2, 2, 3, 2}, {2, 2, 2, 1, 2}},
        [](const Inputs& in) { return conv_transpose3d(in[0], in[1], {.dilation = 2}); });
    add("unfold", {{1, 2, 5, 6}},
        [](const Inputs& in) { return unfold(in[0], {.stride = 2, .padding = 1}); });
    for (const auto& [name, mode] :
         {std::pair("edge", PadMode::edge), std::pair("reflect", PadMode::reflect),
          std::pair("symmetric", PadMode::symmetric), std::pair("wrap", PadMode::wrap)}) {
        add(std::string("pad, ") + name, {{3, 4}},
            [mode = mode](const Inputs& in) { return pad(in[0], {{1, 2}, {3, 1}}, mode); });
    }
    add("attention with a mask", {{2, 3, 4}, {2, 5, 4}, {2, 5, 3}, {3, 5}}, [](const Inputs& in) {
        return scaled_dot_product_attention(in[0], in[1], in[2], {.mask = in[3], .causal = true});
    });
    add("dropout", {{5, 7}}, [](const Inputs& in) { return dropout(Key(1), in[0], 0.4); });
    add("meshgrid", {{3}, {4}}, [](const Inputs& in) {
        const std::vector<Tensor> grid = meshgrid(in);
        return grid[0] * grid[1];
    });
    add("bincount", {{5}},
        [](const Inputs& in) { return bincount(Tensor::from({0, 2, 2, 7, -1}), 4, in[0]); });
    add("clip_by_global_norm", {{5}, {3, 2}}, [](const Inputs& in) {
        const auto clipped = optim::clip_by_global_norm(in, 0.7).gradients;
        return clipped[0].sum() * square(clipped[1]);
    });
    add("checkpoint", {{5}}, [](const Inputs& in) {
        return checkpoint([](const Tensor& x) { return exp(sin(x)) * x; }, in[0]);
    });
    add("scalars", {{}, {}}, [](const Inputs& in) { return logaddexp(in[0], in[1]) * in[0]; });
    add("empty", {{0, 3}, {3}}, [](const Inputs& in) { return in[0] * in[1] + exp(in[1]).sum(); });
    add("a step of Adam", {{5}, {5}}, [](const Inputs& in) {
        const optim::Adam adam({.epsilon = 0.1, .differentiable = true});
        return adam.update(in[0], square(in[1]) + in[0], adam.init(in[0])).first;
    });
    return problems;
}

}  // namespace latent::conformance
