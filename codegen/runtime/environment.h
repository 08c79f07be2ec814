#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codegen/runtime/warning.h"

namespace latent::codegen::runtime {

/// The value of an environment variable; nothing if it is unset or empty.
std::optional<std::string> environment_text(const char* name);

/// A whole number of at least one. A value that is none is warned about and counts as unset.
std::optional<int> environment_count(const char* name, const WarningHandler& warn = print_warning);

/// A number of bytes as `parse_bytes` reads it. A value that is none is warned about and counts as
/// unset.
std::optional<std::uint64_t> environment_bytes(const char* name,
                                               const WarningHandler& warn = print_warning);

/// `4096`, `512K`, `64M`, `2G`, `1T` (powers of 1024; a following `B` or `iB` is allowed); nothing
/// for other text.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace latent::codegen::runtime
