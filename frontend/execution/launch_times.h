#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "codegen/runtime/context.h"
#include "codegen/runtime/plan.h"
#include "frontend/execution/planning.h"

namespace latent::detail {

/// The least seconds that each of `launches` took in a few runs of a plan: its own, or parts of
/// them, in an order in which they can run.
std::vector<double> time_launches(const codegen::runtime::Plan& plan,
                                  std::span<const codegen::runtime::PlanLaunch> launches, int runs,
                                  std::span<const std::byte* const> inputs,
                                  codegen::runtime::Context& context);

/// The same of each step of a partition, by itself.
std::vector<double> time_steps(const Planned& planned, std::span<const std::byte* const> inputs,
                               codegen::runtime::Context& context);

/// The least seconds that a plan took in so many runs.
double time_plan(const codegen::runtime::Plan& plan, int runs,
                 std::span<const std::byte* const> inputs, codegen::runtime::Context& context);

}  // namespace latent::detail
