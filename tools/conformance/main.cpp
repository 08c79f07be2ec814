#include <fmt/format.h>
#include <latent/errors.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <regex>

#include "tools/conformance/check.h"
#include "tools/conformance/gradient_check.h"
#include "tools/conformance/operations.h"

/// Runs a suite of calls with expected results and gradients.
namespace latent::conformance {

namespace {

struct Options {
    std::string folder;
    std::string backend;
    std::string filter;
    /// Random points for each gradient; none: the cases themselves are run.
    int gradients = 0;
    std::uint64_t seed = 1;
    int least_comparisons = 0;
};

/// Compares gradients with differences, in the interpreter. Returns whether nothing is wrong.
bool check_gradients(const Options& options) {
    const Suite suite(options.folder);
    std::vector<GradientProblem> problems = gradient_problems(suite);
    std::ranges::move(further_gradient_problems(), std::back_inserter(problems));
    const std::regex filter(options.filter);
    GradientTally tally;
    for (const GradientProblem& problem : problems) {
        if (std::regex_search(problem.name, filter)) {
            tally.by_operation.try_emplace(problem.operation, 0);
            try {
                check_gradients(problem, options.gradients, options.seed, tally);
            } catch (const std::exception& error) {
                tally.failures.push_back(fmt::format("{}: {}", problem.name, error.what()));
            }
        }
    }
    for (const auto& [operation, comparisons] : tally.by_operation) {
        if (comparisons == 0) {
            tally.failures.push_back(operation + ": no point was smooth");
        }
    }
    for (const std::string& failure : tally.failures) {
        std::cout << failure << '\n';
    }
    std::cout << fmt::format(
        "{} gradients of {} operations: {} comparisons with differences, {} points not smooth, {} "
        "failures (seed {})\n",
        tally.instances, tally.by_operation.size(), tally.comparisons, tally.not_smooth,
        tally.failures.size(), options.seed);
    return tally.failures.empty() && tally.comparisons >= options.least_comparisons;
}

/// Runs the cases whose names match and prints what is wrong. Returns whether nothing is.
bool run(const Options& options) {
    const Suite suite(options.folder);
    const std::regex filter(options.filter);
    int passed = 0;
    int failed = 0;
    int unsupported = 0;
    std::map<std::string, int> unsupported_cases;
    for (const Case& test : suite.cases) {
        if (!std::regex_search(test.name, filter)) {
            continue;
        }
        try {
            const std::vector<std::string> failures = failures_of(test, suite.tensors);
            for (const std::string& failure : failures) {
                std::cout << test.name << ": " << failure << '\n';
            }
            ++(failures.empty() ? passed : failed);
        } catch (const Unsupported& reason) {
            ++unsupported;
            ++unsupported_cases[fmt::format("{}: {}", test.operation, reason.what())];
        }
    }
    for (const auto& [reason, count] : unsupported_cases) {
        std::cout << fmt::format("unsupported: {} ({} {})\n", reason, count,
                                 count == 1 ? "case" : "cases");
    }
    std::cout << fmt::format("{} passed, {} failed, {} unsupported\n", passed, failed, unsupported);
    return failed == 0 && unsupported == 0;
}

int main(int count, char** arguments) {
    Options options;
    CLI::App app(
        "Runs conformance cases: calls of operations with expected results and gradients.");
    app.add_option("folder", options.folder, "Holds cases.json and data.safetensors")
        ->required()
        ->check(CLI::ExistingDirectory);
    app.add_option("--backend", options.backend, "Kernels, or the interpreter")
        ->check(CLI::IsMember({"compiled", "reference"}));
    app.add_option("--filter", options.filter,
                   "A regular expression: runs the cases whose names it is found in");
    app.add_option("--gradients", options.gradients,
                   "Compares gradients with differences instead, in the interpreter, at so many "
                   "random points for each case and arrangement of its inputs")
        ->check(CLI::PositiveNumber);
    app.add_option("--seed", options.seed, "Of these points");
    app.add_option("--at-least", options.least_comparisons,
                   "Fails where fewer gradients could be compared");
    CLI11_PARSE(app, count, arguments);
    if (options.gradients != 0) {
        options.backend = "reference";
    }
    if (!options.backend.empty()) {
        // Read once, at the first evaluation.
        setenv("LATENT_BACKEND", options.backend.c_str(), 1);
    }
    try {
        const bool passed = options.gradients != 0 ? check_gradients(options) : run(options);
        return passed ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception& error) {
        std::cerr << "latent-conformance: " << error.what() << '\n';
        return 2;
    }
}

}  // namespace

}  // namespace latent::conformance

int main(int count, char** arguments) {
    return latent::conformance::main(count, arguments);
}
