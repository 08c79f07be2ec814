// Trains a small GPT on text, character by character, and lets it write.

#include <latent/latent.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <numbers>
#include <string>
#include <utility>

#include "corpus.h"
#include "generation.h"
#include "model.h"
#include "training.h"

namespace {

using namespace gpt;
using latent::Tensor;

constexpr std::int64_t steps = 1200;
constexpr std::int64_t warmup_steps = 30;
constexpr std::int64_t steps_per_report = 100;
constexpr std::int64_t batch_size = 12;
constexpr std::int64_t context = 64;
constexpr double learning_rate = 4e-3;
constexpr std::uint64_t seed = 1;

double bits(double nats) {
    return nats / std::numbers::ln2;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Of the whole text, in rows that do not overlap.
double held_out_loss(const Model& model, const Tensor& text) {
    const Tensor starts = latent::arange(0, text.extent(0) - context, context);
    return mean_loss(model, batch_at(text, starts, context)).item<double>();
}

/// What steps took.
class StepCosts {
  public:
    void add(const latent::Counters& before, double seconds) {
        ++steps_;
        seconds_ += seconds;
        launches_ += latent::counters().launches - before.launches;
    }
    void print(const char* name) const {
        const auto count = static_cast<double>(steps_);
        std::printf("  %s: %.1f ms, %.0f kernel launches\n", name, 1e3 * seconds_ / count,
                    static_cast<double>(launches_) / count);
    }

  private:
    std::int64_t steps_ = 0;
    double seconds_ = 0;
    std::uint64_t launches_ = 0;
};

/// Trains in place of `state`.
void train(TrainingState& state, const Tensor& text, const Tensor& held_out) {
    const auto rate = latent::optim::schedules::cosine({.peak = learning_rate,
                                                        .final = learning_rate / 10,
                                                        .steps = steps,
                                                        .warmup_steps = warmup_steps});
    const auto step = latent::compile([&](std::int64_t number) {
        const auto key = latent::fold_in(latent::Key(seed), static_cast<std::uint64_t>(number));
        const Tensor starts = latent::randint(key, {batch_size}, 0, text.extent(0) - context);
        return training_step(state, batch_at(text, starts, context), rate(number));
    });
    latent::eval(state);
    StepCosts first;
    StepCosts others;
    double loss_sum = 0;
    for (std::int64_t done = 0; done < steps; ++done) {
        const auto start = std::chrono::steady_clock::now();
        const latent::Counters before = latent::counters();
        TrainingStep next = step(done);
        state = std::move(next.state);
        (done == 0 ? first : others).add(before, seconds_since(start));
        loss_sum += next.loss.item<double>();
        if ((done + 1) % steps_per_report == 0) {
            std::printf("  step %4jd   train %.3f bits   held out %.3f bits\n",
                        std::intmax_t{done + 1}, bits(loss_sum / steps_per_report),
                        bits(held_out_loss(state.model, held_out)));
            std::fflush(stdout);
            loss_sum = 0;
        }
    }
    first.print("first step");
    others.print("each other step");
}

void run(const std::filesystem::path& folder) {
    const auto start = std::chrono::steady_clock::now();
    const Corpus corpus = load_corpus(folder);
    const Alphabet alphabet(corpus.train + corpus.held_out);
    const CountingModels counted = counting_models(corpus, alphabet);
    std::printf("%zu characters to train on, %zu held out, %jd different ones\n",
                corpus.train.size(), corpus.held_out.size(), std::intmax_t{alphabet.size()});
    std::printf(
        "bits per character of what is held out, by counting: %.3f single characters, "
        "%.3f pairs\n\n",
        counted.unigram, counted.bigram);

    const auto [model_key, text_key] = latent::split<2>(latent::Key(seed));
    const Model initial =
        Model::make({.vocabulary = alphabet.size(), .context = context}, model_key);
    std::printf("GPT of %jd parameters, %jd x %jd characters a step\n",
                std::intmax_t{latent::parameter_count(initial)}, std::intmax_t{batch_size},
                std::intmax_t{context});
    const auto encoded = [&](const std::string& text) {
        return Tensor::from(alphabet.encode(text));
    };
    TrainingState state{initial, latent::optim::AdamW().init(initial)};
    train(state, encoded(corpus.train), encoded(corpus.held_out));

    const std::string prompt = "A tensor ";
    std::printf("\nIt writes:\n%s%s\n", prompt.c_str(),
                generate(state.model, alphabet, prompt, text_key, {.context = context}).c_str());
    const latent::Counters counters = latent::counters();
    std::printf("\nkernels: %ju compiled, %ju found on disk; %.1f s all together\n",
                std::uintmax_t{counters.kernels_compiled}, std::uintmax_t{counters.disk_hits},
                seconds_since(start));
}

}  // namespace

int main(int argc, char** argv) {
    try {
        run(argc > 1 ? argv[1] : LATENT_EXAMPLE_TEXT_DIR);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "gpt: %s\n", error.what());
        return 2;
    }
}
