#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/conformance/safetensors.h"

namespace latent::conformance {

/// One call of an operation and what must come of it. Tensors are named as in the data file.
struct Case {
    std::string name;
    std::string operation;
    nlohmann::json attributes;
    std::vector<std::string> inputs;
    std::vector<std::string> outputs;
    /// One for each output, if there are gradients; none for an output without a gradient.
    std::vector<std::optional<std::string>> cotangents;
    /// The gradients, by the position of the input.
    std::map<std::size_t, std::string> gradients;
    double relative_tolerance = 0;
    double absolute_tolerance = 0;
};

/// A folder with cases.json and data.safetensors; tests/conformance/data/README.md describes them.
struct Suite {
    /// Throws std::runtime_error, or an exception of the JSON library, where it cannot be read.
    explicit Suite(const std::filesystem::path& folder);

    std::vector<Case> cases;
    TensorFile tensors;
};

}  // namespace latent::conformance
