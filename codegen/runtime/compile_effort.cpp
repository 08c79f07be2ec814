#include "codegen/runtime/compile_effort.h"

#include <array>

namespace latent::codegen::runtime {
namespace {

/// What the kernels of one template take, measured with those of the benchmarks.
struct Effort {
    std::string_view schedule;
    double kernel;
    double stage;
};

constexpr std::array efforts = {
    Effort{"\nschedule row_chain ", 250, 8},  Effort{"\nschedule contraction ", 105, 0.3},
    Effort{"\nschedule row ", 65, 0.8},       Effort{"\nschedule reduction ", 65, 0.3},
    Effort{"\nschedule pointwise ", 32, 0.9},
};

int count(std::string_view text, std::string_view word) {
    int found = 0;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        ++found;
    }
    return found;
}

}  // namespace

double compile_effort(std::string_view request) {
    for (const Effort& effort : efforts) {
        if (request.find(effort.schedule) != std::string_view::npos) {
            return effort.kernel + effort.stage * count(request, "\nstage ");
        }
    }
    return 50;
}

}  // namespace latent::codegen::runtime
