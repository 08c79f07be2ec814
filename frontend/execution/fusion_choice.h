#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "codegen/runtime/context.h"
#include "frontend/execution/planning.h"
#include "ir/graph.h"
#include "passes/partition/fusion_choices.h"

namespace latent::detail {

/// What tuned choices of fusion are kept under: the structure of a graph after the passes, with the
/// size class of each extent, and the conditions of tuning.
std::string fusion_key(const ir::Graph& graph, const ir::Machine& machine, int threads);

/// The choices that were tuned for a graph after the passes; none where none were, or where what is
/// kept is not in its FusionSpace.
passes::FusionChoices fusion_for(const ir::Graph& graph, const ir::Machine& machine,
                                 codegen::runtime::Context& context);

/// Choices as a line of text, without its end, and back; nothing for what is no such text.
std::string fusion_text(const passes::FusionChoices& choices);
std::optional<passes::FusionChoices> parse_fusion(std::string_view text);

/// All that is kept in a context, and in that of this process.
PlanChoices kept_choices(codegen::runtime::Context& context);
PlanChoices kept_choices();

}  // namespace latent::detail
