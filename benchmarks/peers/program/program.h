#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "tools/conformance/safetensors.h"

namespace latent::peers {

/// The elements of a result, row-major.
using Elements = std::variant<std::vector<float>, std::vector<std::int64_t>>;

/// A case whose inputs are in place.
struct PreparedCase {
    std::function<void()> call;                       ///< computes the results and releases them
    std::function<std::vector<Elements>()> results;   ///< computes them for comparison, not timed
    nlohmann::json notes = nlohmann::json::object();  ///< what the measurement tells besides
    /// What it tells of memory besides how far the process grew; may be empty.
    std::function<nlohmann::json()> memory = {};
    /// Where the time of a call goes, as text; may be empty.
    std::function<std::string()> profile = {};
};

/// A case of SPEC.md as one library does it.
struct LibraryCase {
    std::function<PreparedCase(const conformance::TensorFile& inputs, const std::string& variant)>
        prepare;
    /// Ways to do it, of which the fastest counts.
    std::vector<std::string> variants = {"plain"};
};

struct Library {
    std::string name;
    std::map<std::string, LibraryCase> cases;
    /// Sets the number of threads, and puts the library to work once, so that its start is not in
    /// the first call of a case.
    std::function<void(int threads)> start;
    /// What a measurement tells besides times; called after the last call.
    std::function<nlohmann::json()> details;
};

/// The program that compare.py runs: measures one case of `library` as the command line says. The
/// exit status.
int run_program(const Library& library, int argc, char** argv);

}  // namespace latent::peers
