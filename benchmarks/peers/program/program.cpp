#include "benchmarks/peers/program/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "benchmarks/peers/program/machine.h"
#include "benchmarks/peers/program/measurement.h"

namespace latent::peers {

namespace {

struct Options {
    std::string name;
    std::string variant = "plain";
    std::string inputs;
    std::string result;
    std::string dump;
    int threads = 1;
    bool measures_memory = false;
    bool profiles = false;
    bool lists = false;
    bool machine = false;
    std::string isa = "avx512";
    Repetition repetition;
};

void add_options(CLI::App& app, Options& options) {
    app.add_flag("--list", options.lists, "Names the cases and their variants instead");
    app.add_flag("--machine", options.machine,
                 "Prints the peak of multiply-adds and the bandwidth of a copy instead");
    app.add_option("--isa", options.isa, "The widest vectors of the multiply-adds of --machine")
        ->check(CLI::IsMember({"avx2", "avx512"}));
    app.add_option("--case", options.name, "Its name");
    app.add_option("--variant", options.variant, "The way to do it");
    app.add_option("--inputs", options.inputs, "Its inputs, a safetensors file");
    app.add_option("--result", options.result, "Where the times go, as JSON");
    app.add_option("--dump", options.dump, "A folder for the results of the case");
    app.add_option("--threads", options.threads, "How many")->check(CLI::PositiveNumber);
    app.add_flag("--memory", options.measures_memory, "Also how far resident memory grows");
    app.add_flag("--profile", options.profiles,
                 "Prints where the time of a call goes instead, if the library tells");
    app.add_option("--min-reps", options.repetition.min_count, "Timed calls, at least");
    app.add_option("--min-time", options.repetition.min_seconds, "Seconds of them, at least");
    app.add_option("--max-time", options.repetition.max_seconds, "Past this three are enough");
    app.add_option("--max-reps", options.repetition.max_count, "0: the first call only");
    app.add_option("--warmup", options.repetition.warmup_seconds, "Seconds of calls before");
}

/// One file each: `FOLDER/0.float32` and so on.
void write_results(const std::filesystem::path& folder, const std::vector<Elements>& results) {
    std::filesystem::create_directories(folder);
    for (std::size_t i = 0; i < results.size(); ++i) {
        const bool floats = std::holds_alternative<std::vector<float>>(results[i]);
        std::ofstream file(folder / fmt::format("{}.{}", i, floats ? "float32" : "int64"),
                           std::ios::binary);
        std::visit(
            [&](const auto& elements) {
                file.write(reinterpret_cast<const char*>(elements.data()),
                           static_cast<std::streamsize>(elements.size() * sizeof elements[0]));
            },
            results[i]);
    }
}

const LibraryCase& find_case(const Library& library, const Options& options) {
    const auto found = library.cases.find(options.name);
    if (found == library.cases.end()) {
        throw std::runtime_error(fmt::format("there is no case {}", options.name));
    }
    if (std::ranges::find(found->second.variants, options.variant) ==
        found->second.variants.end()) {
        throw std::runtime_error(fmt::format("{} has no variant {}; it has {}", options.name,
                                             options.variant,
                                             fmt::join(found->second.variants, ", ")));
    }
    return found->second;
}

void run(const Library& library, const Options& options) {
    if (options.lists) {
        for (const auto& [name, its_case] : library.cases) {
            fmt::print("{} {}\n", name, fmt::join(its_case.variants, " "));
        }
        return;
    }
    if (options.machine) {
        const nlohmann::json limits = {
            {"flops", peak_flops(options.threads, options.isa == "avx512")},
            {"bandwidth", copy_bandwidth(options.threads)}};
        fmt::print("{}\n", limits.dump());
        return;
    }
    const LibraryCase& its_case = find_case(library, options);
    library.start(options.threads);
    const PreparedCase prepared =
        its_case.prepare(conformance::TensorFile(options.inputs), options.variant);
    if (options.profiles) {
        fmt::print("{}", prepared.profile ? prepared.profile() : "");
        return;
    }
    nlohmann::json measured = measure(prepared.call, options.repetition, options.measures_memory);
    measured.update(library.details());
    measured.update(prepared.notes);
    if (options.measures_memory && prepared.memory) {
        measured.update(prepared.memory());
    }
    if (!options.dump.empty()) {
        write_results(options.dump, prepared.results());
    }
    measured["stage"] = "done";
    std::ofstream(options.result) << measured.dump(1) << '\n';
}

}  // namespace

int run_program(const Library& library, int argc, char** argv) {
    Options options;
    CLI::App app("Measures one case of the comparison with other libraries.", library.name);
    add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    try {
        run(library, options);
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", library.name, error.what());
        return 1;
    }
}

}  // namespace latent::peers
