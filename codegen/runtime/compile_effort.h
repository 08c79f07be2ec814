#pragma once

#include <string_view>

namespace latent::codegen::runtime {

/// About how long the kernel of a request takes to compile, in milliseconds of one core: enough to
/// begin with those that take longest, so that no thread is left alone with one at the end.
double compile_effort(std::string_view request);

}  // namespace latent::codegen::runtime
