#pragma once

#include <string>

namespace digits {

/// The part of what `latent::explain` says that is about kernels: for each what it computes, with
/// its schedule and its loops.
std::string kernels_of(const std::string& explanation);

}  // namespace digits
