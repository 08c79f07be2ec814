#include <fmt/format.h>
#include <latent/runtime.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/accuracy/sweep.h"

/// Measures the largest error of every function of one variable and writes a table of them.
/// Usage: accuracy TABLE.md [STRIDE [FUNCTION]]
namespace latent::accuracy {

namespace {

constexpr std::size_t double_samples = std::size_t{1} << 21;

std::string introduction(std::uint32_t stride) {
    return fmt::format(
        "# Accuracy\n\n"
        "The largest errors of the functions of one variable, in units of the last place (ULP) of "
        "the exact result.\nWritten by `make ulp`.\n\n"
        "- **f32**: over {} arguments. They are screened with the function in f64; what is worst "
        "by "
        "that is judged\n  by the C library's function in long double, and so is a sample of the "
        "screening itself. 0 stands for\n  correctly rounded everywhere.\n"
        "- **denormal**: the same where the argument or the result is a denormal f32, in units of "
        "2^-149 for those\n  results. Denormals are neither read nor written as zero.\n"
        "- **f64**: over {} samples of all exponents and as many of an interval: of `sin`, `cos` "
        "and `tan` up to\n  2^29, of `lgamma` from 0 and of `digamma` from 2; below, these two "
        "have zeros, beside which their error is\n  relative to their terms.\n"
        "- The columns after them show what f32 gives at special arguments.\n\n"
        "| function | f32 | at | denormal | f64 | at | -inf | -0 | +0 | inf | NaN |\n"
        "| --- | ---: | --- | ---: | ---: | --- | --- | --- | --- | --- | --- |\n",
        stride == 1 ? "all 2^32" : fmt::format("every {}th of the 2^32", stride), double_samples);
}

std::string number(float x) {
    return std::isnan(x) ? "NaN" : fmt::format("{:.4g}", x);
}

std::string row(const Function& function, std::uint32_t stride) {
    constexpr int bar_width = 40;
    const bool is_terminal = isatty(STDERR_FILENO) == 1;
    const auto show_progress = [&](double done) {
        if (is_terminal) {
            const std::string bar(static_cast<std::size_t>(bar_width * done), '#');
            std::fputs(fmt::format("\r{:<12}[{:-<{}}]", function.name, bar, bar_width).c_str(),
                       stderr);
        }
    };
    const SingleErrors single = sweep_single(function, stride, show_progress);
    if (is_terminal) {
        std::fputs("\r\x1b[K", stderr);
    }
    const WorstError in_double = sample_double(function, double_samples);
    std::string text = fmt::format("| `{}` | {:.2f} | {:.9g} | {:.2f} | {:.2f} | {:.17g} |",
                                   function.name, single.everywhere.ulp, single.everywhere.argument,
                                   single.denormal.ulp, in_double.ulp, in_double.argument);
    for (const float result : special_results(function)) {
        text += fmt::format(" {} |", number(result));
    }
    return text + "\n";
}

void write_table(const std::string& path, std::uint32_t stride, const std::string& only) {
    set_num_threads(1);  // The sweep has its own.
    std::string table = introduction(stride);
    for (const Function& function : all_functions()) {
        if (only.empty() || only == function.name) {
            const std::string line = row(function, stride);
            std::cout << line << std::flush;
            table += line;
        }
    }
    std::ofstream(path) << table;
}

}  // namespace

}  // namespace latent::accuracy

int main(int count, char** arguments) {
    if (count < 2 || count > 4) {
        std::cerr << "usage: accuracy TABLE.md [STRIDE [FUNCTION]]\n";
        return 2;
    }
    try {
        latent::accuracy::write_table(
            arguments[1], count > 2 ? static_cast<std::uint32_t>(std::stoul(arguments[2])) : 1,
            count > 3 ? arguments[3] : "");
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
