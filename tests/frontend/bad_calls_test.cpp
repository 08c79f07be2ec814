#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>

#include "tests/frontend/bad_calls.h"

using namespace latent;
using test::Refusals;

namespace {

/// The functions, layers and optimisers that the public headers declare outside of `detail`.
std::set<std::string> public_operations() {
    const std::regex opened(R"(namespace ([\w:]+) \{)");
    const std::regex closed(R"(\}  // namespace .*)");
    const std::regex function(
        R"((?!return|template|requires|using|struct|class|enum|inline|constexpr)[A-Za-z][\w:<>, ]*[ &*](\w+)\(.*)");
    const std::regex layer(R"(    static (\w+) make\(.*)");
    const std::regex optimizer(R"(class (\w+) : public Optimizer<.*)");
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(LATENT_HEADER_DIR)) {
        std::ifstream file(entry.path());
        std::vector<std::string> namespaces;
        for (std::string line; std::getline(file, line);) {
            std::smatch match;
            if (std::regex_match(line, match, opened)) {
                namespaces.push_back(match[1]);
            } else if (std::regex_match(line, closed)) {
                namespaces.pop_back();
            } else if (std::ranges::any_of(namespaces, [](const std::string& name) {
                           return name.find("detail") != std::string::npos;
                       })) {
                continue;
            } else if (std::regex_match(line, match, function) ||
                       std::regex_match(line, match, layer) ||
                       std::regex_match(line, match, optimizer)) {
                names.insert(match[1]);
            }
        }
    }
    return names;
}

/// What takes any argument that compiles, or throws only what a function of the user throws.
const std::set<std::string> takes_anything = {
    "counters",        "custom_vjp",       "fold_in",    "glorot_normal",
    "glorot_uniform",  "he_normal",        "he_uniform", "manual_seed",
    "map_parameters",  "named_parameters", "next_key",   "num_threads",
    "parameter_count", "set_num_threads",  "summary",    "to_string",
};

}  // namespace

TEST_CASE("wrong calls of every public operation throw, and name it, the reason and the line") {
    Refusals refusals;
    test::check_elementwise_calls(refusals);
    test::check_creation_calls(refusals);
    test::check_arrangement_calls(refusals);
    test::check_reduction_calls(refusals);
    test::check_indexing_calls(refusals);
    test::check_product_calls(refusals);
    test::check_network_calls(refusals);
    test::check_layer_calls(refusals);
    test::check_training_calls(refusals);
    test::check_gradient_calls(refusals);
    const std::set<std::string> operations = public_operations();
    CHECK(operations.size() > 200);
    for (const std::string& name : operations) {
        INFO(name);
        CHECK(refusals.operations().contains(name) != takes_anything.contains(name));
    }
    CHECK(refusals.count() > 400);
}
