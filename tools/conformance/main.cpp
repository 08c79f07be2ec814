#include <fmt/format.h>
#include <latent/errors.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <map>
#include <regex>

#include "tools/conformance/check.h"
#include "tools/conformance/operations.h"

/// Runs a suite of calls with expected results and gradients.
namespace latent::conformance {

namespace {

struct Options {
    std::string folder;
    std::string backend;
    std::string filter;
};

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
    CLI11_PARSE(app, count, arguments);
    if (!options.backend.empty()) {
        // Read once, at the first evaluation.
        setenv("LATENT_BACKEND", options.backend.c_str(), 1);
    }
    try {
        return run(options) ? EXIT_SUCCESS : EXIT_FAILURE;
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
