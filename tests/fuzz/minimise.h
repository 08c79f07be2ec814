#pragma once

#include <functional>

#include "tests/fuzz/case.h"

namespace latent::fuzz {

/// A smaller case that still fails: with fewer results, with values replaced by parameters or by
/// their operands, with smaller extents. Asks `fails` up to `attempts` times.
Case minimise(const Case& example, const std::function<bool(const Case&)>& fails, int attempts);

}  // namespace latent::fuzz
