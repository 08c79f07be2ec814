#pragma once

#include <latent/errors.h>

#include <source_location>
#include <string>
#include <string_view>

namespace latent::ir {

/// Throws `E` with ` (file:line)` of the user's call after the message.
template <typename E>
[[noreturn]] void raise(const std::source_location& location, std::string_view message);

/// `train.cpp:42`, or an empty string for a location without a line.
std::string to_string(const std::source_location& location);

template <typename E>
[[noreturn]] void raise(const std::source_location& location, std::string_view message) {
    std::string text(message);
    if (const std::string where = to_string(location); !where.empty()) {
        text += " (" + where + ")";
    }
    throw E(text);
}

}  // namespace latent::ir
