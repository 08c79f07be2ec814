#pragma once

#include <functional>
#include <string_view>

namespace latent::codegen::runtime {

/// Receives one sentence about something that costs time but no results.
using WarningHandler = std::function<void(std::string_view message)>;

/// The default handler: a line on the standard error stream.
void print_warning(std::string_view message);

}  // namespace latent::codegen::runtime
