#pragma once

#include <latent/latent.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "dataset.h"
#include "terminal.h"

namespace digits {

struct TrainingOptions {
    std::size_t epochs = 0;  ///< at least 2
    std::size_t batch_size = 64;
    /// At the start; it falls to zero along half a cosine.
    double learning_rate = 0;
    unsigned seed = 0;
};

/// What is held at the end of an epoch.
struct Footprint {
    std::uint64_t bytes = 0;
    std::uint64_t nodes = 0;
    bool operator==(const Footprint&) const = default;
};

struct TrainingReport {
    double seconds = 0;
    std::size_t steps = 0;
    std::uint64_t launches = 0;
    std::uint64_t kernels_compiled = 0;
    std::uint64_t disk_hits = 0;
    /// Of the second epoch and the later ones; what the first one leaves is there to stay.
    std::vector<Footprint> footprints;
};

/// The loss and, as expressions yet, the model and the state of the optimiser after one step.
template <typename Model>
struct Step {
    latent::Tensor loss;
    Model model;
    latent::optim::AdamState state;
    void visit(auto&& visitor) { visitor("loss", loss, "model", model, "state", state); }
};

/// Forward, backward and Adam. Computes nothing.
template <typename Model>
Step<Model> training_step(const Model& model, const latent::optim::AdamState& state,
                          const Batch& batch, double learning_rate) {
    const auto mean_loss = [&](const Model& parameters) {
        return latent::cross_entropy(parameters(batch.images), batch.labels);
    };
    auto [loss, gradients] = latent::value_and_grad(mean_loss, model);
    const latent::optim::Adam adam{{.learning_rate = learning_rate}};
    auto [next_model, next_state] = adam.update(model, gradients, state);
    return {std::move(loss), std::move(next_model), std::move(next_state)};
}

/// Counts in a report what happens between its construction and `stop`.
class Stopwatch {
  public:
    void stop(TrainingReport& report) const {
        const latent::Counters now = latent::counters();
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
        report.seconds = elapsed.count();
        report.launches = now.launches - counters_.launches;
        report.kernels_compiled = now.kernels_compiled - counters_.kernels_compiled;
        report.disk_hits = now.disk_hits - counters_.disk_hits;
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    latent::Counters counters_ = latent::counters();
};

/// Trains in place of `model` and tells about it in the terminal.
template <typename Model>
TrainingReport train(Model& model, const Examples& examples, const TrainingOptions& options) {
    constexpr std::size_t lines = 8;
    Minibatches minibatches(examples, options.batch_size, options.seed);
    const std::size_t total_steps = options.epochs * minibatches.per_epoch();
    ProgressBar progress(total_steps);
    TrainingReport report;
    const Stopwatch stopwatch;
    auto state = latent::optim::Adam().init(model);
    const latent::optim::Schedule rate = latent::optim::schedules::cosine(
        {.peak = options.learning_rate, .steps = static_cast<std::int64_t>(total_steps)});
    // So that the first step, too, begins with data and has the kernels of all others.
    latent::eval(model);
    for (std::size_t epoch = 1; epoch <= options.epochs; ++epoch) {
        const std::vector<Batch> batches = minibatches.next_epoch();
        double loss_sum = 0;
        for (const Batch& batch : batches) {
            Step<Model> step =
                training_step(model, state, batch, rate(static_cast<std::int64_t>(report.steps)));
            latent::eval(step);
            const double loss = step.loss.template item<double>();
            model = std::move(step.model);
            state = std::move(step.state);
            loss_sum += loss;
            ++report.steps;
            progress.advance(format("epoch %zu of %zu, loss %.4f", epoch, options.epochs, loss));
        }
        if (epoch * lines / options.epochs != (epoch - 1) * lines / options.epochs) {
            progress.print_line(format("  epoch %3zu   loss %.4f", epoch,
                                       loss_sum / static_cast<double>(batches.size())));
        }
        if (epoch > 1) {
            const latent::Counters now = latent::counters();
            report.footprints.push_back({now.bytes_now, now.nodes_alive});
        }
    }
    stopwatch.stop(report);
    return report;
}

/// The share of examples that get their own label.
template <typename Model>
double accuracy(const Model& model, const Examples& examples) {
    const Batch batch = whole(examples);
    return (latent::argmax(model(batch.images), -1) == batch.labels).mean().template item<double>();
}

}  // namespace digits
