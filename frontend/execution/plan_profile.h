#pragma once

#include <latent/profile.h>

#include <cstddef>
#include <span>

#include "codegen/runtime/context.h"
#include "ir/graph.h"

namespace latent::detail {

/// The plan of a detached graph, run and timed on the data that its parameters stand for.
Profile profile_plan(const ir::Graph& graph, std::span<const std::byte* const> inputs,
                     codegen::runtime::Context& context);

}  // namespace latent::detail
