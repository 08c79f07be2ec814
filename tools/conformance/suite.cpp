#include "tools/conformance/suite.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

namespace latent::conformance {

namespace {

nlohmann::json parsed(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) {
        throw std::runtime_error(fmt::format("{} cannot be read", path.string()));
    }
    return nlohmann::json::parse(file);
}

Case to_case(const nlohmann::json& value) {
    Case result{.name = value.at("name"),
                .operation = value.at("op"),
                .attributes = value.value("attrs", nlohmann::json::object()),
                .inputs = value.at("inputs"),
                .outputs = value.at("outputs"),
                .cotangents = {},
                .gradients = {},
                .relative_tolerance = value.at("rtol"),
                .absolute_tolerance = value.at("atol")};
    for (const nlohmann::json& name : value.value("cotangents", nlohmann::json::array())) {
        result.cotangents.push_back(name.is_null() ? std::nullopt
                                                   : std::optional(name.get<std::string>()));
    }
    const nlohmann::json gradients = value.value("grads", nlohmann::json::object());
    for (const auto& [position, name] : gradients.items()) {
        result.gradients.emplace(std::stoul(position), name);
    }
    return result;
}

}  // namespace

Suite::Suite(const std::filesystem::path& folder) : tensors(folder / "data.safetensors") {
    for (const nlohmann::json& value : parsed(folder / "cases.json")) {
        cases.push_back(to_case(value));
    }
}

}  // namespace latent::conformance
