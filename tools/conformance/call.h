#pragma once

#include <latent/tensor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace latent::conformance {

/// Something that a case asks for and Latent does not offer.
class Unsupported : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What a case calls its operation with: input tensors by position, and attributes by name. A
/// getter with a fallback gives it where the attribute is missing or null; one without throws
/// Unsupported there.
class Call {
  public:
    Call(nlohmann::json attributes, std::vector<Tensor> inputs)
        : attributes_(std::move(attributes)), inputs_(std::move(inputs)) {}

    const std::vector<Tensor>& inputs() const { return inputs_; }
    const Tensor& input(std::size_t position) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }

    std::int64_t integer(std::string_view name) const;
    std::int64_t integer(std::string_view name, std::int64_t fallback) const;
    /// Numbers may be written as "inf", "-inf" and "nan", which JSON has not.
    double number(std::string_view name) const;
    double number(std::string_view name, double fallback) const;
    /// A number that is given as an integer or not.
    Number scalar(std::string_view name) const;
    Number scalar(std::string_view name, Number fallback) const;
    std::optional<Number> optional_scalar(std::string_view name) const;
    bool flag(std::string_view name, bool fallback) const;
    std::string text(std::string_view name, std::string_view fallback) const;
    DType dtype() const;

    int axis() const { return static_cast<int>(integer("axis")); }
    int axis(int fallback) const { return static_cast<int>(integer("axis", fallback)); }
    std::optional<int> optional_axis() const;
    /// From "axes" or "axis"; all where neither is given.
    Axes axes() const;
    bool keepdims() const { return flag("keepdims", false); }

    bool is_list(std::string_view name) const { return has(name) && find(name)->is_array(); }
    /// One integer counts as a list.
    std::vector<std::int64_t> integers(std::string_view name) const;
    std::vector<std::int64_t> integers(std::string_view name,
                                       std::vector<std::int64_t> fallback) const;
    std::vector<std::vector<std::int64_t>> lists(std::string_view name) const;

    /// Throws Unsupported for an attribute that nothing has asked for.
    void require_all_read() const;

  private:
    /// Null where the attribute is missing or null.
    const nlohmann::json* find(std::string_view name) const;
    const nlohmann::json& at(std::string_view name) const;

    nlohmann::json attributes_;
    std::vector<Tensor> inputs_;
    mutable std::set<std::string, std::less<>> read_;
};

/// The dtype of a name as `latent::name` gives it.
DType dtype_named(std::string_view name);

}  // namespace latent::conformance
