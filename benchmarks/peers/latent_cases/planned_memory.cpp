#include "benchmarks/peers/latent_cases/planned_memory.h"

#include <regex>
#include <stdexcept>

namespace latent::peers {

PlannedMemory planned_memory(const Call& call) {
    const std::string text = explain(call());
    const std::regex sentence(
        "results (\\d+) bytes in \\d+ buffers; scratch arena (\\d+) bytes; both hold \\d+ bytes of "
        "values between, for which no arena of less than (\\d+) bytes would do");
    std::smatch match;
    // The section stands near the end; std::regex is no match for the length of the whole.
    const std::string section = text.substr(std::min(text.rfind("\nMemory\n"), text.size()));
    if (!std::regex_search(section, match, sentence)) {
        throw std::runtime_error("explain() does not tell the memory of the evaluation");
    }
    return {.results = std::stoll(match[1]),
            .arena = std::stoll(match[2]),
            .least_arena = std::stoll(match[3])};
}

}  // namespace latent::peers
