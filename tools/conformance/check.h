#pragma once

#include <string>
#include <vector>

#include "tools/conformance/suite.h"

namespace latent::conformance {

/// Runs a case and says what is wrong: one line for each output or gradient that differs from what
/// the suite expects, with the largest error and where it is. Throws Unsupported.
std::vector<std::string> failures_of(const Case& test, const TensorFile& tensors);

}  // namespace latent::conformance
