#include <cmath>

#include "benchmarks/peers/latent_cases/cases.h"

/// Training steps: parameters (and moments) in, loss and new ones out.
namespace latent::peers {

namespace {

using Parameters = std::vector<Tensor>;
using Loss = std::function<Tensor(const Parameters&)>;

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    return matmul(x, weight) + bias;
}

Tensor perceptron(const Parameters& p, const Tensor& x) {
    return linear(relu(linear(relu(linear(x, p[0], p[1])), p[2], p[3])), p[4], p[5]);
}

Tensor lenet(const Parameters& p, const Tensor& x) {
    const auto channels = [](const Tensor& bias) { return bias.reshape({-1, 1, 1}); };
    Tensor h = max_pool2d(relu(conv2d(x, p[0], {.padding = 2}) + channels(p[1])));
    h = max_pool2d(relu(conv2d(h, p[2]) + channels(p[3])));
    h = h.reshape({h.extent(0), -1});
    return linear(relu(linear(relu(linear(h, p[4], p[5])), p[6], p[7])), p[8], p[9]);
}

constexpr std::int64_t gpt_blocks = 2;
constexpr std::int64_t gpt_heads = 4;
constexpr std::size_t gpt_parameters = 2 + 12 * gpt_blocks + 3;

Tensor attend(const Tensor& x) {
    const std::int64_t batch = x.extent(0);
    const std::int64_t positions = x.extent(1);
    const auto heads = [&](const Tensor& part) {
        return swapaxes(part.reshape({batch, positions, gpt_heads, -1}), 1, 2);
    };
    const std::vector<Tensor> parts = split(x, 3, 2);
    const Tensor attended = scaled_dot_product_attention(heads(parts[0]), heads(parts[1]),
                                                         heads(parts[2]), {.causal = true});
    return swapaxes(attended, 1, 2).reshape({batch, positions, -1});
}

Tensor gpt(const Parameters& p, const Tensor& text) {
    Tensor h = embedding(p[0], text) + p[1];
    std::size_t i = 2;
    for (std::int64_t block = 0; block < gpt_blocks; ++block, i += 12) {
        const Tensor u = layer_norm(h, p[i], p[i + 1]);
        h = h + linear(attend(linear(u, p[i + 2], p[i + 3])), p[i + 4], p[i + 5]);
        const Tensor v = layer_norm(h, p[i + 6], p[i + 7]);
        h = h + linear(gelu(linear(v, p[i + 8], p[i + 9]), Gelu::tanh), p[i + 10], p[i + 11]);
    }
    return matmul(layer_norm(h, p[i], p[i + 1]), p[i + 2]);
}

std::vector<Tensor> sgd_step(const Parameters& parameters, const Loss& loss, double rate) {
    const auto [value, gradients] = value_and_grad(loss, parameters);
    std::vector<Tensor> results{value};
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        results.push_back(parameters[i] - rate * gradients[i]);
    }
    return results;
}

struct AdamOptions {
    double rate = 1e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double epsilon = 1e-8;
    double decay = 0;  ///< of parameters with at least two dimensions
    double step = 10;
};

struct Moments {
    Parameters first, second;
};

std::vector<Tensor> adam_step(const Parameters& parameters, const Moments& moments,
                              const Loss& loss, const AdamOptions& options) {
    const auto [value, gradients] = value_and_grad(loss, parameters);
    const double correction1 = 1 - std::pow(options.beta1, options.step);
    const double correction2 = 1 - std::pow(options.beta2, options.step);
    std::vector<Tensor> updated;
    std::vector<Tensor> first;
    std::vector<Tensor> second;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const Tensor& p = parameters[i];
        const Tensor& g = gradients[i];
        first.push_back(options.beta1 * moments.first[i] + (1 - options.beta1) * g);
        second.push_back(options.beta2 * moments.second[i] + (1 - options.beta2) * g * g);
        Tensor direction =
            (first.back() / correction1) / (sqrt(second.back() / correction2) + options.epsilon);
        if (options.decay != 0 && p.rank() >= 2) {
            direction = direction + options.decay * p;
        }
        updated.push_back(p - options.rate * direction);
    }
    std::vector<Tensor> results{value};
    for (const std::vector<Tensor>* part : {&updated, &first, &second}) {
        results.insert(results.end(), part->begin(), part->end());
    }
    return results;
}

constexpr double sgd_rate = 0.01;

}  // namespace

void add_models(Registry& registry) {
    registry["mlp_train"] = [](const Inputs& in) -> Call {
        return [p = in.list("params", 6), x = in["x"], y = in["y"]] {
            return sgd_step(
                p, [&](const Parameters& q) { return cross_entropy(perceptron(q, x), y); },
                sgd_rate);
        };
    };
    registry["convnet_train"] = [](const Inputs& in) -> Call {
        return [p = in.list("params", 10), x = in["x"], y = in["y"]] {
            return sgd_step(
                p, [&](const Parameters& q) { return cross_entropy(lenet(q, x), y); }, sgd_rate);
        };
    };
    registry["mlp_adam"] = [](const Inputs& in) -> Call {
        return [p = in.list("params", 6), moments = Moments{in.list("m", 6), in.list("v", 6)},
                x = in["x"], y = in["y"]] {
            return adam_step(
                p, moments, [&](const Parameters& q) { return cross_entropy(perceptron(q, x), y); },
                {});
        };
    };
    registry["gpt_nano_train"] = [](const Inputs& in) -> Call {
        return [p = in.list("params", gpt_parameters),
                moments = Moments{in.list("m", gpt_parameters), in.list("v", gpt_parameters)},
                x = in["x"], y = in["y"]] {
            return adam_step(p, moments,
                             [&](const Parameters& q) { return cross_entropy(gpt(q, x), y); },
                             {.rate = 3e-4, .beta2 = 0.95, .decay = 0.1});
        };
    };
}

}  // namespace latent::peers
