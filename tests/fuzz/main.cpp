#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "tests/fuzz/campaign.h"
#include "tests/fuzz/minimise.h"

/// Compares random graphs on kernels with the interpreter. docs/testing.md describes it.
namespace latent::fuzz {

namespace {

constexpr int most_attempts = 1500;

/// A folder for the kernels of this run alone, shared by its child processes.
class PrivateKernelCache {
  public:
    PrivateKernelCache()
        : folder_(std::filesystem::temp_directory_path() /
                  fmt::format("latent-fuzz-{}", getpid())) {
        std::filesystem::create_directory(folder_);
        setenv("LATENT_CACHE_DIR", folder_.c_str(), 1);
    }
    PrivateKernelCache(const PrivateKernelCache&) = delete;
    PrivateKernelCache& operator=(const PrivateKernelCache&) = delete;
    ~PrivateKernelCache() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

  private:
    std::filesystem::path folder_;
};

void print_with_kernels(const Case& example) {
    std::cout << print(example);
    try {
        for (const std::string& request : kernel_requests(example)) {
            std::cout << request << '\n';
        }
    } catch (const Error& error) {
        std::cout << "no kernels: " << error.what() << '\n';
    }
}

void print_minimised(const Case& example, const CampaignOptions& options) {
    const bool thoroughly = is_checked_thoroughly(example);
    const auto wrong = [&](const Case& smaller) {
        return check_apart(smaller, thoroughly, options.seconds_per_graph);
    };
    const std::string message = wrong(example);
    if (message.empty()) {
        std::cout << "passes when it runs alone\n" << print(example);
        return;
    }
    const Case smallest = minimise(
        example, [&](const Case& smaller) { return !wrong(smaller).empty(); }, most_attempts);
    std::cout << wrong(smallest) << '\n';
    print_with_kernels(smallest);
}

Case read_case(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw ValueError("cannot read " + path);
    }
    std::stringstream text;
    text << file.rdbuf();
    return parse_case(text.str());
}

int replay(const Case& example, const CampaignOptions& options) {
    const std::string wrong =
        check_apart(example, is_checked_thoroughly(example), options.seconds_per_graph);
    std::cout << (wrong.empty() ? "passes" : wrong) << '\n';
    if (!wrong.empty() && options.minimised > 0) {
        print_minimised(example, options);
    }
    return wrong.empty() ? 0 : 1;
}

void print_counts(const Statistics& statistics) {
    std::string missing;
    for (const ir::OpInfo& row : ir::all_ops()) {
        const std::uint64_t count = statistics.ops[static_cast<std::size_t>(row.op)];
        fmt::print("  {:<22}{}\n", row.name, count);
        missing += count == 0 ? fmt::format(" {}", row.name) : "";
    }
    fmt::print("primitives not made:{}\n", missing.empty() ? " none" : missing);
}

int run(const CampaignOptions& options, bool is_report) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point start = Clock::now();
    const bool is_terminal = isatty(STDERR_FILENO) == 1;
    std::size_t named = 0;
    const CampaignReport report = run_campaign(options, [&](const CampaignReport& so_far) {
        for (; named < so_far.failures.size(); ++named) {
            const CaseFailure& failure = so_far.failures[named];
            fmt::print("latent_fuzz --seed {} --first {} --graphs 1: {}\n", options.seed,
                       failure.index, failure.message);
            std::fflush(stdout);
        }
        if (is_terminal) {
            fmt::print(stderr, "\r{}/{} graphs, {} failures ", so_far.graphs, options.graphs,
                       so_far.failures.size());
        }
    });
    if (is_terminal) {
        std::fputs("\r\x1b[K", stderr);
    }
    const std::chrono::duration<double> seconds = Clock::now() - start;
    if (is_report) {
        print_counts(report.statistics);
    }
    fmt::print("{} graphs, {} kernels, {} launches, {} failures; {:.0f} s, {:.1f} graphs/s\n",
               report.graphs, report.statistics.kernels, report.statistics.launches,
               report.failures.size(), seconds.count(),
               static_cast<double>(report.graphs) / seconds.count());
    for (std::size_t i = 0; i < std::min(report.failures.size(), options.minimised); ++i) {
        fmt::print("\nGraph {} made small: ", report.failures[i].index);
        std::fflush(stdout);
        print_minimised(make_case(options.seed, report.failures[i].index), options);
    }
    return report.failures.empty() ? 0 : 1;
}

int main(int count, char** arguments) {
    CampaignOptions options;
    bool is_report = false;
    bool is_listing = false;
    std::string path;
    CLI::App app("Compares random graphs on kernels with the interpreter.");
    app.add_option("--graphs", options.graphs, "How many")->capture_default_str();
    app.add_option("--seed", options.seed, "Another seed makes other graphs")
        ->capture_default_str();
    app.add_option("--first", options.first, "The first graph of the seed")->capture_default_str();
    app.add_option("--jobs", options.jobs, "Processes at a time")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--minimise", options.minimised, "Failures that are made small")
        ->capture_default_str();
    app.add_option("--text", path, "Runs the graph of this file instead")->check(CLI::ExistingFile);
    app.add_flag("--report", is_report, "Prints how often each primitive was made");
    app.add_flag("--print", is_listing, "Prints graphs and kernels instead of running them");
    CLI11_PARSE(app, count, arguments);
    if (is_listing && !path.empty()) {
        print_with_kernels(read_case(path));
        return 0;
    }
    if (is_listing) {
        for (std::uint64_t i = 0; i < options.graphs; ++i) {
            print_with_kernels(make_case(options.seed, options.first + i));
        }
        return 0;
    }
    const PrivateKernelCache cache;
    return path.empty() ? run(options, is_report) : replay(read_case(path), options);
}

}  // namespace

}  // namespace latent::fuzz

int main(int count, char** arguments) {
    try {
        return latent::fuzz::main(count, arguments);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 2;
    }
}
