#include <latent/linalg.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "frontend/operations/contraction.h"
#include "frontend/operations/diagonal.h"
#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

using detail::Expression;
using detail::wrap;

/// The letters of each operand and of the result.
struct Subscripts {
    std::vector<ir::Dims> operands;
    ir::Dims out;
};

class SubscriptParser {
  public:
    SubscriptParser(std::string_view text, const std::source_location& location)
        : text_(text), location_(location) {}

    Subscripts parse() const {
        const std::size_t arrow = text_.find("->");
        Subscripts result;
        std::string_view left = text_.substr(0, arrow);
        while (true) {
            const std::size_t comma = left.find(',');
            result.operands.push_back(letters(left.substr(0, comma)));
            if (comma == std::string_view::npos) {
                break;
            }
            left.remove_prefix(comma + 1);
        }
        result.out = arrow == std::string_view::npos ? implicit_result(result.operands)
                                                     : letters(text_.substr(arrow + 2));
        check(result);
        return result;
    }

    [[noreturn]] void fail(std::string_view reason) const {
        ir::raise<ValueError>(location_, fmt::format("einsum: '{}': {}", text_, reason));
    }

  private:
    ir::Dims letters(std::string_view part) const {
        ir::Dims labels;
        for (const char letter : part) {
            const bool is_letter =
                (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
            if (!is_letter && letter != ' ') {
                fail(fmt::format("'{}' is no letter", letter));
            }
            if (is_letter) {
                detail::require_rank(labels.size() + 1, "einsum", location_);
                labels.push_back(letter);
            }
        }
        return labels;
    }

    ir::Dims implicit_result(std::span<const ir::Dims> operands) const {
        std::map<std::int64_t, int> occurrences;
        for (const ir::Dims& labels : operands) {
            for (const std::int64_t label : labels) {
                ++occurrences[label];
            }
        }
        ir::Dims out;
        for (const auto& [label, count] : occurrences) {
            if (count == 1) {
                detail::require_rank(out.size() + 1, "einsum", location_);
                out.push_back(label);
            }
        }
        return out;
    }

    void check(const Subscripts& subscripts) const {
        for (const std::int64_t label : subscripts.out) {
            if (std::ranges::count(subscripts.out, label) > 1) {
                fail(fmt::format("the result repeats '{}'", static_cast<char>(label)));
            }
            if (std::ranges::none_of(subscripts.operands, [&](const ir::Dims& labels) {
                    return detail::contains(labels, label);
                })) {
                fail(fmt::format("'{}' is in no operand", static_cast<char>(label)));
            }
        }
    }

    std::string_view text_;
    std::source_location location_;
};

/// Takes the diagonal where an operand repeats a letter.
Expression take_diagonals(const Expression& x, ir::Dims& labels) {
    Expression result = x;
    for (std::size_t i = 0; i < labels.size();) {
        const auto repeated = std::find(labels.begin() + i + 1, labels.end(), labels[i]);
        if (repeated == labels.end()) {
            ++i;
            continue;
        }
        const std::int64_t label = labels[i];
        const auto j = static_cast<std::size_t>(repeated - labels.begin());
        result =
            detail::diagonal(result, static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
        labels.erase(j);
        labels.erase(i);
        labels.push_back(label);
    }
    return result;
}

/// The order of `labels` changed to that of `out`, which has the same.
Expression reorder(const Expression& x, const ir::Dims& labels, const ir::Dims& out) {
    ir::Axes permutation;
    for (const std::int64_t label : out) {
        permutation.push_back(std::ranges::find(labels, label) - labels.begin());
    }
    return x.with(ir::permute(x.value(), permutation.span(), x.location()));
}

/// Extents must agree wherever a letter occurs.
void check_extents(const SubscriptParser& parser, const Subscripts& subscripts,
                   std::span<const Expression> operands) {
    std::map<std::int64_t, std::int64_t> extents;
    for (std::size_t i = 0; i < operands.size(); ++i) {
        const ir::Dims& labels = subscripts.operands[i];
        if (labels.size() != operands[i].shape().size()) {
            parser.fail(fmt::format("operand {} has shape {}, which is not {} dimensions", i,
                                    to_string(operands[i].shape()), labels.size()));
        }
        for (std::size_t axis = 0; axis < labels.size(); ++axis) {
            const std::int64_t extent = operands[i].shape()[axis];
            const auto [known, inserted] = extents.emplace(labels[axis], extent);
            if (!inserted && known->second != extent) {
                ir::raise<ShapeError>(
                    operands[i].location(),
                    fmt::format("einsum: '{}' stands for extents {} and {}",
                                static_cast<char>(labels[axis]), known->second, extent));
            }
        }
    }
}

/// The letters of the first two operands that the result or one of the `others` still needs.
ir::Dims needed_later(const ir::Dims& first, const ir::Dims& second,
                      std::span<const ir::Dims> others, const ir::Dims& out,
                      const std::source_location& location) {
    ir::Dims needed;
    for (const ir::Dims* labels : {&first, &second}) {
        for (const std::int64_t label : *labels) {
            const bool wanted = detail::contains(out, label) ||
                                std::ranges::any_of(others, [&](const ir::Dims& other) {
                                    return detail::contains(other, label);
                                });
            if (wanted && !detail::contains(needed, label)) {
                detail::require_rank(needed.size() + 1, "einsum", location);
                needed.push_back(label);
            }
        }
    }
    return needed;
}

}  // namespace

Tensor einsum(std::string_view text, const std::vector<Tensor>& tensors,
              std::source_location location) {
    const SubscriptParser parser(text, location);
    Subscripts subscripts = parser.parse();
    if (subscripts.operands.size() != tensors.size()) {
        parser.fail(fmt::format("{} operands are named, {} were given", subscripts.operands.size(),
                                tensors.size()));
    }
    std::vector<Expression> operands;
    DType dtype = DType::boolean;
    for (const Tensor& tensor : tensors) {
        operands.push_back(detail::expression(tensor, location));
        dtype = promote(dtype, operands.back().dtype());
    }
    if (dtype == DType::boolean) {
        ir::raise<TypeError>(location, "einsum: takes numbers, got bool");
    }
    check_extents(parser, subscripts, operands);
    for (std::size_t i = 0; i < operands.size(); ++i) {
        operands[i] = take_diagonals(detail::cast(operands[i], dtype), subscripts.operands[i]);
    }

    Expression result = operands.front();
    ir::Dims labels = subscripts.operands.front();
    for (std::size_t i = 1; i < operands.size(); ++i) {
        const auto others = std::span(subscripts.operands).subspan(i + 1);
        const ir::Dims out = others.empty() ? subscripts.out
                                            : needed_later(labels, subscripts.operands[i], others,
                                                           subscripts.out, location);
        result =
            detail::contract(result, labels, operands[i], subscripts.operands[i], out, "einsum");
        labels = out;
    }
    result = detail::sum_out(result, labels, [&](std::int64_t label) {
        return detail::contains(subscripts.out, label);
    });
    return wrap(reorder(result, labels, subscripts.out));
}

}  // namespace latent
