// Latent in one page: expressions, evaluation, gradients and a training loop on a toy problem.

#include <latent/latent.h>

#include <iostream>
#include <span>
#include <tuple>
#include <vector>

using namespace latent;

int main() {
    // A tensor is a value. Operations compute nothing; they build an expression.
    const Tensor x = normal(Key(1), {256, 8});
    const Tensor slope = Tensor::from({1.0f, -2.0f, 0.5f, 0.0f, 3.0f, -1.0f, 0.25f, 2.0f}, {8, 1});
    const Tensor target = matmul(x, slope) + 0.5;
    std::cout << "before: " << target << '\n';

    // eval, item, data and to_vector compute, in a few fused kernels, what they are asked for.
    eval(x, target);
    std::cout << "mean of the target: " << target.mean().item<float>() << '\n';

    // Gradients are expressions too. One eval makes one plan of the loss and both of them.
    const Tensor w = zeros({8, 1}, {.requires_grad = true});
    const Tensor b = zeros({1}, {.requires_grad = true});
    const Tensor loss = square(matmul(x, w) + b - target).mean();
    const Gradients g = loss.backward();
    eval(loss, g[w], g[b]);
    const std::span<const float> gradient_of_b = g[b].data<float>();
    std::cout << "loss " << loss.item<float>() << ", its gradient by b " << gradient_of_b[0]
              << '\n';

    // Nothing is ever written into a tensor. An optimiser maps old values to new ones.
    std::vector<Tensor> parameters{w, b};
    const optim::Adam adam{{.learning_rate = 0.1}};
    auto state = adam.init(parameters);
    const auto mean_square_error = [&](const std::vector<Tensor>& p) {
        return square(matmul(x, p[0]) + p[1] - target).mean();
    };
    for (int step = 1; step <= 200; ++step) {
        const auto [error, gradients] = value_and_grad(mean_square_error, parameters);
        std::tie(parameters, state) = adam.update(parameters, gradients, state);
        eval(error, parameters, state);
        if (step % 50 == 0) {
            std::cout << "step " << step << ": loss " << error.item<float>() << '\n';
        }
    }
    std::cout << "learned slope: " << parameters[0].reshape({8}).eval() << '\n';
    std::cout << "the first weights are still zeros: " << w.reshape({8}).eval() << '\n';

    const Counters c = counters();
    std::cout << "kernels compiled: " << c.kernels_compiled << ", from disk: " << c.disk_hits
              << ", launches: " << c.launches << '\n';
}
