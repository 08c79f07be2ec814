#pragma once

#include <cstddef>
#include <vector>

#include "passes/partition/partition.h"

namespace latent::passes {

/// Row chains that compute their rows from the same product become one, with a sum for each, where
/// neither needs the other and the loops agree: the gradients of keys and values of attention,
/// whose weights come from the same scores. `needs[i]` are the steps that step i needs; what is
/// left of both stays in order.
void merge_chains(std::vector<KernelStep>& steps, std::vector<std::vector<int>>& needs,
                  std::size_t max_stages);

}  // namespace latent::passes
