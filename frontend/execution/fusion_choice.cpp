#include "frontend/execution/fusion_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <functional>
#include <unordered_map>

#include "codegen/runtime/machine.h"
#include "frontend/execution/fusion_space.h"
#include "frontend/execution/schedule_choice.h"
#include "ir/hash.h"
#include "ir/op.h"

namespace latent::detail {

namespace {

constexpr std::string_view stored_word = "fusion stored";
constexpr std::string_view again_word = " computed_again";

/// Reads ` 3 7 12`, ascending, up to the first that is none.
std::vector<std::uint32_t> take_positions(std::string_view& text) {
    std::vector<std::uint32_t> positions;
    while (text.starts_with(' ')) {
        std::uint32_t position = 0;
        const auto [end, error] =
            std::from_chars(text.data() + 1, text.data() + text.size(), position);
        if (error != std::errc() || (!positions.empty() && position <= positions.back())) {
            break;
        }
        positions.push_back(position);
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    return positions;
}

/// Attributes, but for what is an extent of the result.
std::string structure_of(const ir::Node& node) {
    switch (node.op()) {
        case ir::Op::parameter:
        case ir::Op::buffer:
        case ir::Op::iota:
        case ir::Op::reshape:
            return {};
        case ir::Op::broadcast:
            return ir::to_string(ir::Dims(node.attributes_as<ir::BroadcastAttributes>().axes));
        default:
            return ir::to_string(node.attributes());
    }
}

std::string listed(const std::vector<std::uint32_t>& positions) {
    return positions.empty() ? "" : fmt::format(" {}", fmt::join(positions, " "));
}

}  // namespace

std::string fusion_key(const ir::Graph& graph, const ir::Machine& machine, int threads) {
    std::string key = "fusion\n";
    std::unordered_map<const ir::Node*, std::size_t> positions;
    ir::walk_canonically(
        graph.results, [](const ir::Node& node) { return node.op() == ir::Op::buffer; },
        [&](const ir::Node& node, bool, std::span<const std::uint32_t> operands) {
            key += fmt::format("{} {}", ir::name(node.op()), static_cast<int>(node.type().dtype));
            for (const std::uint32_t operand : operands) {
                key += fmt::format(" %{}", operand);
            }
            for (const std::int64_t extent : node.type().shape) {
                key += fmt::format(" {}", size_class(extent));
            }
            key += fmt::format(" {}\n", structure_of(node));
            positions.emplace(&node, positions.size());
        });
    for (const ir::Value& result : graph.results) {
        key += fmt::format("result %{}\n", positions.at(result.node.get()));
    }
    return key + tuning_conditions(machine, threads);
}

std::string fusion_text(const passes::FusionChoices& choices) {
    return fmt::format("{}{}{}{}", stored_word, listed(choices.stored), again_word,
                       listed(choices.computed_again));
}

std::optional<passes::FusionChoices> parse_fusion(std::string_view text) {
    if (!text.starts_with(stored_word)) {
        return std::nullopt;
    }
    text.remove_prefix(stored_word.size());
    passes::FusionChoices choices;
    choices.stored = take_positions(text);
    if (!text.starts_with(again_word)) {
        return std::nullopt;
    }
    text.remove_prefix(again_word.size());
    choices.computed_again = take_positions(text);
    return text.empty() ? std::optional(std::move(choices)) : std::nullopt;
}

passes::FusionChoices fusion_for(const ir::Graph& graph, const ir::Machine& machine,
                                 codegen::runtime::Context& context) {
    codegen::runtime::TunedSchedules& tuned = context.tuned_schedules();
    if (tuned.empty()) {
        return {};
    }
    const std::optional<std::string> text =
        tuned.find(fusion_key(graph, machine, context.threads().num_threads()));
    const std::optional<passes::FusionChoices> choices = text ? parse_fusion(*text) : std::nullopt;
    const bool is_usable =
        choices && !choices->empty() && FusionSpace(graph, machine).partition(*choices).has_value();
    return is_usable ? *choices : passes::FusionChoices{};
}

PlanChoices kept_choices(codegen::runtime::Context& context) {
    return {.schedule =
                [&context](const passes::KernelStep& step, const ir::Machine& machine) {
                    return schedule_for(step, machine, context);
                },
            .fusion =
                [&context](const ir::Graph& graph, const ir::Machine& machine) {
                    return fusion_for(graph, machine, context);
                }};
}

PlanChoices kept_choices() {
    return kept_choices(codegen::runtime::context());
}

}  // namespace latent::detail
