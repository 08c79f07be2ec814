#include <string>

#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

namespace {

using Loss = Tensor (*)(const Tensor&, const Tensor&, Reduction, std::source_location);

Case loss(const std::string& name, Loss function, const Input& prediction, const Input& target) {
    return {name,
            {prediction, constant(target)},
            of([function](const Tensor& a, const Tensor& b) {
                return function(a, b, Reduction::mean, std::source_location::current());
            }),
            with_gradient};
}

}  // namespace

Cases network_cases() {
    const Input vector = normal_numbers({million});
    const Input matrix = normal_numbers({1024, 1024});
    const Input row = normal_numbers({1024});
    const Input images = normal_numbers({16, 64, 32, 32});
    const Input channels = normal_numbers({64});
    const Input variances = uniform_numbers(0.5, 2, {64});
    return {
        {"layer_norm",
         {matrix, row, row},
         of([](const Tensor& x, const Tensor& gamma, const Tensor& beta) {
             return layer_norm(x, gamma, beta);
         }),
         with_gradient},
        {"rms_norm",
         {matrix, row},
         of([](const Tensor& x, const Tensor& gamma) { return rms_norm(x, gamma); }),
         with_gradient},
        {"batch_norm",
         {images, constant(channels), constant(variances), channels, channels},
         of([](const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& gamma,
               const Tensor& beta) { return batch_norm(x, {mean, variance}, gamma, beta); }),
         with_gradient},
        {"batch_norm/training",
         {images, constant(channels), constant(variances), channels, channels},
         of([](const Tensor& x, const Tensor& mean, const Tensor& variance, const Tensor& gamma,
               const Tensor& beta) {
             return batch_norm_training(x, {mean, variance}, gamma, beta).output;
         }),
         with_gradient},
        {"group_norm",
         {images, channels, channels},
         of([](const Tensor& x, const Tensor& gamma, const Tensor& beta) {
             return group_norm(x, 8, gamma, beta);
         }),
         with_gradient},
        loss("cross_entropy", cross_entropy, matrix, integers(0, 1024, {1024})),
        loss("cross_entropy/10 classes", cross_entropy, normal_numbers({1 << 16, 10}),
             integers(0, 10, {1 << 16})),
        loss("mse_loss", mse_loss, vector, vector),
        loss("l1_loss", l1_loss, vector, vector),
        {"huber_loss",
         {vector, constant(vector)},
         of([](const Tensor& a, const Tensor& b) { return huber_loss(a, b, 0.8); }),
         with_gradient},
        loss("binary_cross_entropy_with_logits", binary_cross_entropy_with_logits, vector,
             uniform_numbers(0, 1, {million})),
    };
}

}  // namespace latent::benchmarks
