#include "tools/conformance/call.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

namespace latent::conformance {

namespace {

double to_number(const nlohmann::json& value) {
    return value.is_string() ? std::strtod(value.get<std::string>().c_str(), nullptr)
                             : value.get<double>();
}

Number to_scalar(const nlohmann::json& value) {
    if (value.is_boolean()) {
        return value.get<bool>();
    }
    if (value.is_number_integer()) {
        return value.get<std::int64_t>();
    }
    return to_number(value);
}

std::vector<std::int64_t> to_integers(const nlohmann::json& value) {
    return value.is_array() ? value.get<std::vector<std::int64_t>>()
                            : std::vector{value.get<std::int64_t>()};
}

}  // namespace

DType dtype_named(std::string_view wanted) {
    for (const DType dtype : all_dtypes) {
        if (name(dtype) == wanted) {
            return dtype;
        }
    }
    throw Unsupported(fmt::format("dtype {}", wanted));
}

const Tensor& Call::input(std::size_t position) const {
    if (position >= inputs_.size()) {
        throw Unsupported(fmt::format("{} inputs", inputs_.size()));
    }
    return inputs_[position];
}

const nlohmann::json* Call::find(std::string_view name) const {
    const auto found = attributes_.find(name);
    if (found == attributes_.end()) {
        return nullptr;
    }
    read_.emplace(name);
    return found->is_null() ? nullptr : &*found;
}

const nlohmann::json& Call::at(std::string_view name) const {
    if (const nlohmann::json* value = find(name)) {
        return *value;
    }
    throw Unsupported(fmt::format("a call without '{}'", name));
}

std::int64_t Call::integer(std::string_view name) const {
    return at(name).get<std::int64_t>();
}

std::int64_t Call::integer(std::string_view name, std::int64_t fallback) const {
    return has(name) ? integer(name) : fallback;
}

double Call::number(std::string_view name) const {
    return to_number(at(name));
}

double Call::number(std::string_view name, double fallback) const {
    return has(name) ? number(name) : fallback;
}

Number Call::scalar(std::string_view name) const {
    return to_scalar(at(name));
}

Number Call::scalar(std::string_view name, Number fallback) const {
    return has(name) ? scalar(name) : fallback;
}

std::optional<Number> Call::optional_scalar(std::string_view name) const {
    return has(name) ? std::optional(scalar(name)) : std::nullopt;
}

bool Call::flag(std::string_view name, bool fallback) const {
    return has(name) ? at(name).get<bool>() : fallback;
}

std::string Call::text(std::string_view name, std::string_view fallback) const {
    return has(name) ? at(name).get<std::string>() : std::string(fallback);
}

DType Call::dtype() const {
    return dtype_named(at("dtype").get<std::string>());
}

std::optional<int> Call::optional_axis() const {
    return has("axis") ? std::optional(axis()) : std::nullopt;
}

Axes Call::axes() const {
    for (const std::string_view name : {"axes", "axis"}) {
        if (has(name)) {
            return integers(name);
        }
    }
    return Axes::all();
}

std::vector<std::int64_t> Call::integers(std::string_view name) const {
    return to_integers(at(name));
}

std::vector<std::int64_t> Call::integers(std::string_view name,
                                         std::vector<std::int64_t> fallback) const {
    return has(name) ? integers(name) : std::move(fallback);
}

std::vector<std::vector<std::int64_t>> Call::lists(std::string_view name) const {
    std::vector<std::vector<std::int64_t>> result;
    for (const nlohmann::json& list : at(name)) {
        result.push_back(to_integers(list));
    }
    return result;
}

void Call::require_all_read() const {
    for (const auto& [name, value] : attributes_.items()) {
        if (!read_.contains(name)) {
            throw Unsupported(fmt::format("'{}': {}", name, value.dump()));
        }
    }
}

}  // namespace latent::conformance
