#include <latent/latent.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <vector>

#include "comparison.h"
#include "dataset.h"
#include "kernels.h"
#include "models.h"
#include "terminal.h"
#include "training.h"

namespace {

using namespace digits;

constexpr std::size_t test_count = 360;
constexpr unsigned seed = 2;
constexpr double required_accuracy = 0.97;
constexpr TrainingOptions mlp_training{
    .epochs = 40, .batch_size = 64, .learning_rate = 5e-3, .seed = seed};
constexpr TrainingOptions network_training{
    .epochs = 8, .batch_size = 64, .learning_rate = 5e-3, .seed = seed};

void print_report(const TrainingReport& report, double test_accuracy) {
    std::printf("test accuracy: %.1f %%\n", 100 * test_accuracy);
    std::printf("  %zu steps in %.2f s: %.3f ms and %.1f kernel launches a step\n", report.steps,
                report.seconds, 1e3 * report.seconds / static_cast<double>(report.steps),
                static_cast<double>(report.launches) / static_cast<double>(report.steps));
    std::printf("  kernels: %ju compiled, %ju found on disk\n",
                std::uintmax_t{report.kernels_compiled}, std::uintmax_t{report.disk_hits});
    const Footprint& early = report.footprints.front();
    const Footprint& late = report.footprints.back();
    std::printf(
        "  held after epoch 2: %ju bytes, %ju nodes; after the last: %ju bytes, %ju nodes (%s)\n",
        std::uintmax_t{early.bytes}, std::uintmax_t{early.nodes}, std::uintmax_t{late.bytes},
        std::uintmax_t{late.nodes}, early == late ? "flat" : "NOT FLAT");
}

template <typename Model>
double train_and_report(Model& model, const Dataset& data, const TrainingOptions& options) {
    std::fputs(latent::summary(model).c_str(), stdout);
    const TrainingReport report = train(model, data.train, options);
    const double test_accuracy = accuracy(model, data.test);
    print_report(report, test_accuracy);
    return test_accuracy;
}

/// How the training step of the MLP runs.
void inspect(const Mlp& mlp, const Dataset& data) {
    constexpr double learning_rate = 1e-3;
    const std::vector<Batch> batches =
        Minibatches(data.train, mlp_training.batch_size, seed).next_epoch();
    const Step<Mlp> first =
        training_step(mlp, latent::optim::Adam().init(mlp), batches[0], learning_rate);
    latent::eval(first);

    print_title("The kernels of one training step of the perceptron");
    const Step<Mlp> second = training_step(first.model, first.state, batches[1], learning_rate);
    std::fputs(kernels_of(latent::explain(second.loss, second.model, second.state)).c_str(),
               stdout);

    print_title("Where the time of that step goes");
    std::fputs(to_string(latent::profile(second.loss, second.model, second.state)).c_str(), stdout);

    print_title("One training step of the perceptron, evaluated at once and op by op");
    compare_with_op_by_op(first, batches[1], learning_rate);
}

int run(const std::filesystem::path& path) {
    const auto start = std::chrono::steady_clock::now();
    const Dataset data = load_dataset(path, test_count, seed);
    std::printf("%zu images of %zu x %zu to train on, %zu to test with\n", data.train.size(),
                data.rows, data.columns, data.test.size());

    print_title("A multi-layer perceptron: 64 -> 128 -> 10");
    Mlp mlp = make_mlp(latent::Key(seed));
    const double mlp_accuracy = train_and_report(mlp, data, mlp_training);

    print_title("A convolutional network: conv -> relu -> pool -> conv -> relu -> dense");
    ConvolutionalNetwork network = make_convolutional_network(latent::Key(seed));
    train_and_report(network, data, network_training);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    std::printf(
        "\nBoth were trained and tested in %.2f s. Kernels are kept on disk: the next run compiles "
        "none.\n",
        elapsed.count());

    inspect(mlp, data);

    return mlp_accuracy >= required_accuracy ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc > 1 ? argv[1] : LATENT_EXAMPLE_DATA_DIR "/digits.bin");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "digits: %s\n", error.what());
        return 2;
    }
}
