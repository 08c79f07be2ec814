#include "tools/conformance/composite.h"

#include <fmt/format.h>
#include <latent/creation.h>
#include <latent/elementwise.h>

#include <algorithm>
#include <map>
#include <variant>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

/// An argument as it is written: a tensor, or a number or list.
using Argument = std::variant<Tensor, nlohmann::json>;

/// What attributes of an operation are called, where they stand without their names.
const std::map<std::string, std::vector<std::string>, std::less<>>& attribute_names() {
    static const std::map<std::string, std::vector<std::string>, std::less<>> names{
        {"reshape", {"shape"}},
        {"broadcast_to", {"shape"}},
        {"permute", {"axes"}},
        {"swapaxes", {"axis1", "axis2"}},
        {"flip", {"axes"}},
        {"expand_dims", {"axis"}},
        {"squeeze", {"axis"}},
        {"sum", {"axes", "keepdims"}},
        {"mean", {"axes", "keepdims"}},
        {"max", {"axes", "keepdims"}},
        {"min", {"axes", "keepdims"}},
        {"softmax", {"axis"}},
        {"log_softmax", {"axis"}},
        {"clip", {"min", "max"}},
        {"pow", {"exponent"}},
        {"cast", {"dtype"}},
    };
    return names;
}

/// Reads an expression from left to right and evaluates it on the way.
class Reader {
  public:
    Reader(std::string_view text, const std::vector<Tensor>& inputs)
        : text_(text), rest_(text), inputs_(inputs) {}

    Tensor all() {
        const Argument result = argument();
        if (!rest_.empty() || !std::holds_alternative<Tensor>(result)) {
            fail();
        }
        return std::get<Tensor>(result);
    }

  private:
    [[noreturn]] void fail() const {
        throw Unsupported(fmt::format("composite '{}' at '{}'", text_, rest_));
    }

    /// Takes the characters from the front for which `belongs` holds, and the spaces after them.
    std::string_view take(const auto& belongs) {
        const auto end = std::ranges::find_if_not(rest_, belongs);
        const auto length = static_cast<std::size_t>(end - rest_.begin());
        const std::string_view taken = rest_.substr(0, length);
        rest_.remove_prefix(length);
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
        return taken;
    }

    bool skip(char wanted) {
        if (!rest_.starts_with(wanted)) {
            return false;
        }
        take([first = true](char) mutable { return std::exchange(first, false); });
        return true;
    }

    Argument argument() {
        const auto is_name_part = [](char c) { return std::isalnum(c) != 0 || c == '_'; };
        if (rest_.starts_with('[')) {
            return list();
        }
        if (!rest_.empty() && std::isalpha(rest_.front()) != 0) {
            const std::string_view name = take(is_name_part);
            return skip('(') ? call(std::string(name)) : input(name);
        }
        return number();
    }

    nlohmann::json number() {
        const std::string_view digits = take([](char c) {
            return std::isdigit(c) != 0 || c == '.' || c == '-' || c == '+' || c == 'e';
        });
        nlohmann::json value = nlohmann::json::parse(digits, nullptr, false);
        if (!value.is_number()) {
            fail();
        }
        return value;
    }

    nlohmann::json list() {
        nlohmann::json values = nlohmann::json::array();
        skip('[');
        while (!skip(']')) {
            values.push_back(number());
            if (!skip(',') && !rest_.starts_with(']')) {
                fail();
            }
        }
        return values;
    }

    Tensor input(std::string_view name) {
        const auto position =
            static_cast<std::size_t>(std::ranges::find(names_, name) - names_.begin());
        if (position == names_.size()) {
            names_.push_back(name);
        }
        if (position >= inputs_.size()) {
            fail();
        }
        return inputs_[position];
    }

    Tensor call(const std::string& name) {
        std::vector<Argument> arguments;
        while (!skip(')')) {
            arguments.push_back(argument());
            if (!skip(',') && !rest_.starts_with(')')) {
                fail();
            }
        }
        const auto names = attribute_names().find(name);
        std::size_t attribute_count = 0;
        nlohmann::json attributes = nlohmann::json::object();
        std::vector<Tensor> tensors;
        for (const Argument& argument : arguments) {
            if (const auto* tensor = std::get_if<Tensor>(&argument)) {
                tensors.push_back(*tensor);
            } else if (names != attribute_names().end() && attribute_count < names->second.size()) {
                attributes[names->second[attribute_count++]] = std::get<nlohmann::json>(argument);
            } else {
                tensors.push_back(operand(std::get<nlohmann::json>(argument)));
            }
        }
        return perform(name, Call(std::move(attributes), std::move(tensors))).front();
    }

    /// A number that stands for a tensor, in the widest dtype of the inputs.
    Tensor operand(const nlohmann::json& value) const {
        if (!value.is_number()) {
            fail();
        }
        DType dtype = DType::boolean;
        for (const Tensor& tensor : inputs_) {
            dtype = promote(dtype, tensor.dtype());
        }
        return full({}, value.get<double>(), {.dtype = dtype});
    }

    std::string_view text_;
    std::string_view rest_;
    const std::vector<Tensor>& inputs_;
    std::vector<std::string_view> names_;
};

}  // namespace

Tensor evaluate_composite(std::string_view expression, const std::vector<Tensor>& inputs) {
    return Reader(expression, inputs).all();
}

}  // namespace latent::conformance
