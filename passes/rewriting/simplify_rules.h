#pragma once

#include <vector>

#include "passes/rewriting/rule.h"

namespace latent::passes {

/// The rules of simplify, by what they are about.
std::vector<Rule> arithmetic_rules();
std::vector<Rule> structural_rules();

}  // namespace latent::passes
