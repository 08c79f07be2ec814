#include "tests/frontend/bad_calls.h"

namespace latent::test {

namespace {

/// An update that lacks a gradient, one with a gradient of another shape, one with one of another
/// dtype, and one with a state for fewer parameters.
template <typename Optimizer>
void check_optimizer(Refusals& refusals, const std::string& name, const Optimizer& optimizer,
                     const std::string& state_name) {
    const std::vector<Tensor> parameters{leaf(zeros({2})), leaf(zeros({3}))};
    const std::vector<Tensor> one{zeros({2})};
    const std::vector<Tensor> misshapen{zeros({2}), zeros({2})};
    const std::vector<Tensor> wide{zeros({2}), zeros({3}, {.dtype = DType::f64})};
    const auto state = optimizer.init(parameters);
    const auto short_state = optimizer.init(one);
    const auto refuse = [&]<typename E>(const auto& call, const std::string& words) {
        INFO(name);
        const std::string message = message_of<E>(call);
        INFO(message);
        CHECK(message.find("update: " + words) == 0);
        CHECK(message.find("(bad_calls_training.cpp:") != std::string::npos);
    };
    refuse.template operator()<ShapeError>([&] { optimizer.update(parameters, one, state); },
                                           "1 gradients given for 2 parameters");
    refuse.template operator()<ShapeError>([&] { optimizer.update(parameters, misshapen, state); },
                                           "gradient 1 has shape [2], its parameter [3]");
    refuse.template operator()<TypeError>([&] { optimizer.update(parameters, wide, state); },
                                          "gradient 1 has dtype f64, its parameter f32");
    if (!state_name.empty()) {
        refuse.template operator()<ShapeError>(
            [&] { optimizer.update(parameters, parameters, short_state); },
            "1 " + state_name + " given for 2 parameters");
    }
    const std::vector<Tensor> undefined{zeros({2}), Tensor()};
    refusals.check_undefined(
        {{__LINE__, name, [&] { optimizer.update(parameters, undefined, state); }, ""}});
}

}  // namespace

void check_training_calls(Refusals& refusals) {
    namespace schedules = optim::schedules;
    const Tensor x = zeros({2, 3});
    refusals.check<ValueError>({
        {__LINE__, "SGD", [&] { optim::SGD({.learning_rate = -0.1}); },
         "learning_rate must be finite and not negative, got -0.1"},
        {__LINE__, "SGD", [&] { optim::SGD({.learning_rate = not_a_number}); },
         "learning_rate must be finite and not negative, got nan"},
        {__LINE__, "SGD", [&] { optim::SGD({.learning_rate = infinity}); },
         "learning_rate must be finite and not negative, got inf"},
        {__LINE__, "SGD", [&] { optim::SGD({.momentum = -0.9}); },
         "momentum must be finite and not negative, got -0.9"},
        {__LINE__, "SGD", [&] { optim::SGD({.weight_decay = -0.01}); },
         "weight_decay must be finite and not negative, got -0.01"},
        {__LINE__, "SGD", [&] { optim::SGD({.nesterov = true}); }, "nesterov needs a momentum"},
        {__LINE__, "Adam", [&] { optim::Adam({.learning_rate = -0.1}); },
         "learning_rate must be finite and not negative, got -0.1"},
        {__LINE__, "Adam", [&] { optim::Adam({.learning_rate = not_a_number}); },
         "learning_rate must be finite and not negative, got nan"},
        {__LINE__, "Adam", [&] { optim::Adam({.beta1 = 1}); }, "beta1 must be in [0, 1), got 1"},
        {__LINE__, "Adam", [&] { optim::Adam({.beta1 = -0.9}); },
         "beta1 must be in [0, 1), got -0.9"},
        {__LINE__, "Adam", [&] { optim::Adam({.beta2 = 1.5}); },
         "beta2 must be in [0, 1), got 1.5"},
        {__LINE__, "Adam", [&] { optim::Adam({.beta2 = not_a_number}); },
         "beta2 must be in [0, 1), got nan"},
        {__LINE__, "Adam", [&] { optim::Adam({.epsilon = -1e-8}); },
         "epsilon must be finite and not negative, got -1e-08"},
        {__LINE__, "Adam", [&] { optim::Adam({.weight_decay = -0.01}); },
         "weight_decay must be finite and not negative, got -0.01"},
        {__LINE__, "AdamW", [&] { optim::AdamW({.learning_rate = -infinity}); },
         "learning_rate must be finite and not negative, got -inf"},
        {__LINE__, "AdamW", [&] { optim::AdamW({.beta1 = 1}); }, "beta1 must be in [0, 1), got 1"},
        {__LINE__, "AdamW", [&] { optim::AdamW({.beta2 = 1}); }, "beta2 must be in [0, 1), got 1"},
        {__LINE__, "AdamW", [&] { optim::AdamW({.epsilon = not_a_number}); },
         "epsilon must be finite and not negative, got nan"},
        {__LINE__, "AdamW", [&] { optim::AdamW({.weight_decay = infinity}); },
         "weight_decay must be finite and not negative, got inf"},
        {__LINE__, "RMSprop", [&] { optim::RMSprop({.learning_rate = -0.1}); },
         "learning_rate must be finite and not negative, got -0.1"},
        {__LINE__, "RMSprop", [&] { optim::RMSprop({.smoothing = 1}); },
         "smoothing must be in [0, 1), got 1"},
        {__LINE__, "RMSprop", [&] { optim::RMSprop({.epsilon = -1e-8}); },
         "epsilon must be finite and not negative, got -1e-08"},
        {__LINE__, "RMSprop", [&] { optim::RMSprop({.momentum = not_a_number}); },
         "momentum must be finite and not negative, got nan"},
        {__LINE__, "RMSprop", [&] { optim::RMSprop({.weight_decay = -0.01}); },
         "weight_decay must be finite and not negative, got -0.01"},
        {__LINE__, "Adagrad", [&] { optim::Adagrad({.learning_rate = not_a_number}); },
         "learning_rate must be finite and not negative, got nan"},
        {__LINE__, "Adagrad", [&] { optim::Adagrad({.epsilon = -1e-8}); },
         "epsilon must be finite and not negative, got -1e-08"},
        {__LINE__, "Adagrad", [&] { optim::Adagrad({.weight_decay = -0.01}); },
         "weight_decay must be finite and not negative, got -0.01"},
        {__LINE__, "Lion", [&] { optim::Lion({.learning_rate = -0.1}); },
         "learning_rate must be finite and not negative, got -0.1"},
        {__LINE__, "Lion", [&] { optim::Lion({.beta1 = 1}); }, "beta1 must be in [0, 1), got 1"},
        {__LINE__, "Lion", [&] { optim::Lion({.beta2 = -0.9}); },
         "beta2 must be in [0, 1), got -0.9"},
        {__LINE__, "Lion", [&] { optim::Lion({.weight_decay = -0.01}); },
         "weight_decay must be finite and not negative, got -0.01"},
        {__LINE__, "step", [&] { schedules::step({.initial = -0.1}); },
         "initial must be finite and not negative, got -0.1"},
        {__LINE__, "step", [&] { schedules::step({.factor = not_a_number}); },
         "factor must be finite and not negative, got nan"},
        {__LINE__, "exponential", [&] { schedules::exponential({.initial = infinity}); },
         "initial must be finite and not negative, got inf"},
        {__LINE__, "exponential", [&] { schedules::exponential({.factor = -1}); },
         "factor must be finite and not negative, got -1"},
        {__LINE__, "linear", [&] { schedules::linear({.initial = not_a_number}); },
         "initial must be finite and not negative, got nan"},
        {__LINE__, "linear", [&] { schedules::linear({.final = -0.1}); },
         "final must be finite and not negative, got -0.1"},
        {__LINE__, "cosine", [&] { schedules::cosine({.peak = -0.1}); },
         "peak must be finite and not negative, got -0.1"},
        {__LINE__, "cosine", [&] { schedules::cosine({.final = not_a_number}); },
         "final must be finite and not negative, got nan"},
        {__LINE__, "constant", [&] { schedules::constant(-0.1); },
         "rate must be finite and not negative, got -0.1"},
        {__LINE__, "constant", [&] { schedules::constant(not_a_number); },
         "rate must be finite and not negative, got nan"},
        {__LINE__, "step", [&] { schedules::step({.interval = 0}); },
         "interval must be at least 1, got 0"},
        {__LINE__, "linear", [&] { schedules::linear({.steps = 0}); },
         "steps must be at least 1, got 0"},
        {__LINE__, "cosine", [&] { schedules::cosine({.steps = 5, .warmup_steps = 5}); },
         "steps must be at least 6, got 5"},
        {__LINE__, "cosine", [&] { schedules::cosine({.warmup_steps = -1}); },
         "warmup_steps must be at least 0, got -1"},
        {__LINE__, "clip_by_global_norm", [&] { optim::clip_by_global_norm(x, 0); },
         "the limit must be positive, got 0"},
        {__LINE__, "clip_by_global_norm", [&] { optim::clip_by_global_norm(x, -1); },
         "the limit must be positive, got -1"},
        {__LINE__, "clip_by_global_norm", [&] { optim::clip_by_global_norm(x, not_a_number); },
         "the limit must be positive, got nan"},
        {__LINE__, "clip_by_value", [&] { optim::clip_by_value(x, 0); },
         "the limit must be positive, got 0"},
        {__LINE__, "clip_by_value", [&] { optim::clip_by_value(x, -1); },
         "the limit must be positive, got -1"},
        {__LINE__, "clip_by_value", [&] { optim::clip_by_value(x, not_a_number); },
         "the limit must be positive, got nan"},
        {__LINE__, "tune", [&] { tune([](const Tensor& y) { return y + 1; }, x, {.seconds = 0}); },
         "seconds must be above 0, got 0"},
    });
    refusals.check<TypeError>({
        {__LINE__, "global_norm", [&] { optim::global_norm(x != 0); },
         "takes floating tensors, got bool"},
        {__LINE__, "clip_by_global_norm", [&] { optim::clip_by_global_norm(x != 0, 1); },
         "takes floating tensors, got bool"},
    });
    check_optimizer(refusals, "SGD", optim::SGD({.momentum = 0.9}), "velocities");
    check_optimizer(refusals, "SGD", optim::SGD(), "");
    check_optimizer(refusals, "Adam", optim::Adam(), "first moments");
    check_optimizer(refusals, "AdamW", optim::AdamW(), "first moments");
    check_optimizer(refusals, "RMSprop", optim::RMSprop({.momentum = 0.9, .centered = true}),
                    "mean squares");
    check_optimizer(refusals, "Adagrad", optim::Adagrad(), "sums of squares");
    check_optimizer(refusals, "Lion", optim::Lion(), "momenta");
}

}  // namespace latent::test
