// One case of the comparison with other libraries, measured in a process of its own. Called by
// compare.py; SPEC.md says what the cases compute.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "benchmarks/peers/latent_cases/cases.h"
#include "benchmarks/peers/latent_cases/machine.h"
#include "benchmarks/peers/latent_cases/measurement.h"

namespace {

using namespace latent;
using namespace latent::peers;

Registry all_cases() {
    Registry registry;
    add_elementwise(registry);
    add_reductions(registry);
    add_products(registry);
    add_convolutions(registry);
    add_models(registry);
    add_chains(registry);
    return registry;
}

/// The library at work once, so that its start is not in the first call of the case.
void start_library() {
    const Tensor x = Tensor::from(std::vector<float>(64, 1.0F));
    grad(sum(x * 2 + 1), {x})[0].eval();
}

/// The results as files of f32 or of integers, row-major: `FOLDER/0.f32` and so on.
void write_results(const std::filesystem::path& folder, const std::vector<Tensor>& results) {
    std::filesystem::create_directories(folder);
    for (std::size_t i = 0; i < results.size(); ++i) {
        const Tensor& result = results[i];
        const auto write = [&]<typename T>(std::span<const T> elements, std::string_view type) {
            std::ofstream file(folder / fmt::format("{}.{}", i, type), std::ios::binary);
            file.write(reinterpret_cast<const char*>(elements.data()),
                       static_cast<std::streamsize>(elements.size_bytes()));
        };
        if (is_floating(result.dtype())) {
            write(result.data<float>(), "float32");
        } else {
            write(result.data<std::int64_t>(), "int64");
        }
    }
}

struct Options {
    std::string name;
    std::string inputs;
    std::string result;
    std::string dump;
    int threads = 1;
    bool measures_memory = false;
    bool lists = false;
    bool machine = false;
    Repetition repetition;
};

int run(const Options& options) {
    const Registry registry = all_cases();
    if (options.lists) {
        for (const auto& [name, make] : registry) {
            fmt::print("{}\n", name);
        }
        return 0;
    }
    if (options.machine) {
        const nlohmann::json limits = {{"flops", peak_flops(options.threads)},
                                       {"bandwidth", copy_bandwidth(options.threads)}};
        fmt::print("{}\n", limits.dump());
        return 0;
    }
    const auto found = registry.find(options.name);
    if (found == registry.end()) {
        throw std::runtime_error(fmt::format("there is no case {}", options.name));
    }
    set_num_threads(options.threads);
    start_library();
    const conformance::TensorFile file(options.inputs);
    const Call call = found->second(Inputs(file));
    const Measurement measurement =
        measure(call, options.repetition, !options.dump.empty(), options.measures_memory);
    if (!options.dump.empty()) {
        write_results(options.dump, measurement.results);
    }
    nlohmann::json times = measurement.times;
    times["kernels_compiled"] = counters().kernels_compiled;
    times["stage"] = "done";
    std::ofstream(options.result) << times.dump(1) << '\n';
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Measures one case of the comparison with other libraries.");
    app.add_flag("--list", options.lists, "Names the cases instead");
    app.add_flag("--machine", options.machine,
                 "Prints the peak of multiply-adds and the bandwidth of a copy instead");
    app.add_option("--case", options.name, "Its name");
    app.add_option("--inputs", options.inputs, "Its inputs, a safetensors file");
    app.add_option("--result", options.result, "Where the times go, as JSON");
    app.add_option("--dump", options.dump, "A folder for the results of the case");
    app.add_option("--threads", options.threads, "How many")->check(CLI::PositiveNumber);
    app.add_flag("--memory", options.measures_memory, "Also how far resident memory grows");
    app.add_option("--min-reps", options.repetition.min_count, "Timed calls, at least");
    app.add_option("--min-time", options.repetition.min_seconds, "Seconds of them, at least");
    app.add_option("--max-time", options.repetition.max_seconds, "Past this three are enough");
    app.add_option("--max-reps", options.repetition.max_count, "0: the first call only");
    app.add_option("--warmup", options.repetition.warmup_seconds, "Seconds of calls before");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(options);
    } catch (const std::exception& error) {
        fmt::print(stderr, "latent_cases: {}\n", error.what());
        return 1;
    }
}
