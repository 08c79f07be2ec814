#pragma once

#include <latent/latent.h>

#include <cstdint>
#include <utility>

#include "model.h"

namespace gpt {

/// Stretches of text, one in each row, and the characters that follow: both (batch, context).
struct Batch {
    latent::Tensor text;
    latent::Tensor next;
};

/// Rows of `context` characters that begin at `starts` in a text, (characters).
inline Batch batch_at(const latent::Tensor& text, const latent::Tensor& starts,
                      std::int64_t context) {
    const latent::Tensor places = starts.expand_dims(1) + latent::arange(context);
    return {latent::take(text, places), latent::take(text, places + 1)};
}

/// The mean of -log(probability of the next character), in nats.
inline latent::Tensor mean_loss(const Model& model, const Batch& batch) {
    return latent::cross_entropy(model(batch.text), batch.next);
}

struct TrainingState {
    Model model;
    latent::optim::AdamState moments;
    void visit(auto&& visitor) { visitor("model", model, "moments", moments); }
};

/// The loss before a step and the state after it.
struct TrainingStep {
    latent::Tensor loss;
    TrainingState state;
    void visit(auto&& visitor) { visitor("loss", loss, "state", state); }
};

/// Forward, backward, clipping and AdamW. Computes nothing.
inline TrainingStep training_step(const TrainingState& state, const Batch& batch,
                                  double learning_rate) {
    auto [loss, gradients] = latent::value_and_grad(
        [&](const Model& model) { return mean_loss(model, batch); }, state.model);
    const latent::optim::AdamW adamw{
        {.learning_rate = learning_rate, .beta2 = 0.99, .weight_decay = 0.1}};
    auto [model, moments] = adamw.update(
        state.model, latent::optim::clip_by_global_norm(gradients, 1).gradients, state.moments);
    return {std::move(loss), {std::move(model), std::move(moments)}};
}

}  // namespace gpt
