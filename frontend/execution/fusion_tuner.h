#pragma once

#include <latent/tune.h>

#include <cstddef>
#include <functional>
#include <span>

#include "codegen/runtime/context.h"
#include "frontend/execution/fusion_space.h"

namespace latent::detail {

/// What a search for faster choices of fusion asks of its surroundings.
struct FusionSearch {
    std::span<const std::byte* const> inputs;
    std::function<bool()> is_time_up;
    std::function<void(int candidates, double gain)> report_progress;
};

struct FusionFound {
    TunedFusion report;
    passes::FusionChoices choices;
};

/// Goes from the choices that are kept for a graph to neighbours in its space that make the whole
/// plan faster by more than the noise, until none does or time is up: first to those about the
/// kernels that take the most time. Kernels have the schedules that are kept. A plan that needs
/// over a quarter more memory, and more than the last cache holds, is not tried.
FusionFound search_fusion(const FusionSpace& space, const ir::Machine& machine,
                          const FusionSearch& search, codegen::runtime::Context& context);

}  // namespace latent::detail
