#include "op_by_op.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace digits {

using latent::DType;
using latent::Tensor;
using latent::optim::AdamOptions;
using latent::optim::AdamState;

namespace {

/// Marks where one operation ends: its result is in memory before the next one begins.
Tensor computed(const Tensor& tensor) {
    return tensor.eval();
}

/// The loss and its gradients in the order of the parameters. Transpositions are views, which cost
/// nothing in either way of computing.
std::pair<Tensor, std::vector<Tensor>> loss_and_gradients(const Mlp& model, const Batch& batch) {
    const Tensor product = computed(latent::matmul(batch.images, model.hidden.weight));
    const Tensor hidden = computed(product + *model.hidden.bias);
    const Tensor activation = computed(latent::relu(hidden));
    const Tensor scores = computed(latent::matmul(activation, model.output.weight));
    const Tensor logits = computed(scores + *model.output.bias);
    const Tensor loss = computed(latent::cross_entropy(logits, batch.labels));

    const Tensor probabilities = computed(latent::softmax(logits));
    const Tensor targets = computed(latent::one_hot(batch.labels, class_count));
    const Tensor difference = computed(probabilities - targets);
    const Tensor d_logits = computed(difference / batch.images.extent(0));
    const Tensor d_output_weight = computed(latent::matmul(activation.transpose(), d_logits));
    const Tensor d_output_bias = computed(d_logits.sum(0));
    const Tensor d_activation = computed(latent::matmul(d_logits, model.output.weight.transpose()));
    const Tensor is_active = computed(hidden > 0);
    const Tensor d_hidden = computed(latent::where(is_active, d_activation, 0));
    const Tensor d_hidden_weight = computed(latent::matmul(batch.images.transpose(), d_hidden));
    const Tensor d_hidden_bias = computed(d_hidden.sum(0));
    return {loss, {d_hidden_weight, d_hidden_bias, d_output_weight, d_output_bias}};
}

/// decay * average + (1 - decay) * value
Tensor moving_average(double decay, const Tensor& average, const Tensor& value) {
    const Tensor kept = computed(decay * average);
    const Tensor added = computed((1 - decay) * value);
    return computed(kept + added);
}

/// 1 - beta^t, a number in f64.
Tensor bias_correction(double beta, const Tensor& steps) {
    const Tensor power = computed(latent::pow(beta, steps.cast(DType::f64)));
    return computed(1 - power);
}

}  // namespace

Step<Mlp> op_by_op_step(const Mlp& model, const AdamState& state, const Batch& batch,
                        double learning_rate) {
    const auto [loss, gradients] = loss_and_gradients(model, batch);
    const AdamOptions options;
    const Tensor steps = computed(state.steps + 1);
    const Tensor correction1 = bias_correction(options.beta1, steps);
    const Tensor correction2 = bias_correction(options.beta2, steps);
    const Tensor step_size = computed((learning_rate / correction1).cast(DType::f32));
    const Tensor inverse_root = computed(latent::rsqrt(correction2).cast(DType::f32));

    Step<Mlp> next{.loss = loss,
                   .model = model,
                   .state = {.steps = steps, .first_moments = {}, .second_moments = {}}};
    std::size_t i = 0;
    next.model = latent::map_parameters(model, [&](const Tensor& parameter) {
        const Tensor& gradient = gradients[i];
        const Tensor first = moving_average(options.beta1, state.first_moments[i], gradient);
        const Tensor squared = computed(latent::square(gradient));
        const Tensor second = moving_average(options.beta2, state.second_moments[i], squared);
        const Tensor root = computed(latent::sqrt(second));
        const Tensor corrected = computed(root * inverse_root);
        const Tensor denominator = computed(corrected + options.epsilon);
        const Tensor direction = computed(first / denominator);
        const Tensor change = computed(step_size * direction);
        next.state.first_moments.push_back(first);
        next.state.second_moments.push_back(second);
        ++i;
        return computed(parameter.detach() - change);
    });
    return next;
}

}  // namespace digits
