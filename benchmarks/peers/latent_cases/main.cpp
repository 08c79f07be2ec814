// Latent's side of the comparison with other libraries. SPEC.md says what the cases compute.

#include <fmt/format.h>

#include <stdexcept>

#include "benchmarks/peers/latent_cases/cases.h"
#include "benchmarks/peers/latent_cases/planned_memory.h"
#include "benchmarks/peers/latent_cases/samples.h"
#include "benchmarks/peers/program/program.h"

namespace {

using namespace latent;
using namespace latent::peers;

std::vector<Tensor> evaluated(const Call& call) {
    std::vector<Tensor> results = call();
    eval(results);
    return results;
}

Elements elements(const Tensor& result) {
    if (is_floating(result.dtype())) {
        return result.to_vector<float>();
    }
    return result.to_vector<std::int64_t>();
}

/// An input whose shape is the one that sizes.cpp has too.
Tensor read(const conformance::TensorFile& file, const std::string& its_case,
            const std::string& name) {
    Tensor tensor = file[name];
    for (const CaseInput& input : case_sizes().at(its_case).measured.inputs) {
        if (input.name == name && input.shape == tensor.shape()) {
            return tensor;
        }
    }
    throw std::runtime_error(
        fmt::format("{} of {} has not the shape in sizes.cpp", name, its_case));
}

/// The most bytes of arrays that there were at once, and the least that the same kernels in the
/// same order could do with.
nlohmann::json memory(const Call& call) {
    constexpr double megabyte = 1 << 20;
    const Counters now = counters();
    const PlannedMemory planned = planned_memory(call);
    const auto inputs = static_cast<std::int64_t>(now.bytes_now);
    return {{"array_peak_mb", static_cast<double>(now.bytes_peak) / megabyte},
            {"array_least_mb",
             static_cast<double>(inputs + planned.results + planned.least_arena) / megabyte}};
}

PreparedCase prepared(const Call& call) {
    return {.call = [call] { evaluated(call); },
            .results =
                [call] {
                    std::vector<Elements> results;
                    for (const Tensor& result : evaluated(call)) {
                        results.push_back(elements(result));
                    }
                    return results;
                },
            .memory = [call] { return memory(call); },
            .profile = [call] { return to_string(profile(call())); }};
}

/// "odd" is the case at its second size, with numbers of its own and how much work that is in
/// relation.
LibraryCase library_case(const std::string& name, const CaseMaker& make) {
    return {.prepare =
                [name, make](const conformance::TensorFile& file, const std::string& variant) {
                    if (variant == "odd") {
                        const CaseSizes& sizes = case_sizes().at(name);
                        PreparedCase odd = prepared(make(samples(sizes.odd.inputs)));
                        odd.memory = {};
                        odd.notes["relative_work"] = sizes.odd.work / sizes.measured.work;
                        return odd;
                    }
                    return prepared(make(
                        Inputs([&](const std::string& input) { return read(file, name, input); })));
                },
            .variants = {"plain", "odd"}};
}

void start(int threads) {
    set_num_threads(threads);
    const Tensor x = Tensor::from(std::vector<float>(64, 1.0F));
    grad(sum(x * 2 + 1), {x})[0].eval();
}

}  // namespace

int main(int argc, char** argv) {
    Library library{.name = "latent_cases", .cases = {}, .start = start, .details = [] {
                        return nlohmann::json{{"kernels_compiled", counters().kernels_compiled}};
                    }};
    for (const auto& [name, make] : all_cases()) {
        library.cases.emplace(name, library_case(name, make));
    }
    return run_program(library, argc, argv);
}
