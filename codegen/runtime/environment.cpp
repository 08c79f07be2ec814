#include "codegen/runtime/environment.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <limits>

namespace latent::codegen::runtime {

std::optional<std::string> environment_text(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') {
        return std::nullopt;
    }
    return std::string(value);
}

std::optional<int> environment_count(const char* name, const WarningHandler& warn) {
    const auto text = environment_text(name);
    if (!text) {
        return std::nullopt;
    }
    int count = 0;
    const char* const end = text->data() + text->size();
    const auto [parsed, error] = std::from_chars(text->data(), end, count);
    if (error != std::errc{} || parsed != end || count < 1) {
        warn(fmt::format("{}='{}' is ignored: expected a whole number of at least 1", name, *text));
        return std::nullopt;
    }
    return count;
}

std::optional<std::uint64_t> environment_bytes(const char* name, const WarningHandler& warn) {
    const auto text = environment_text(name);
    if (!text) {
        return std::nullopt;
    }
    const auto bytes = parse_bytes(*text);
    if (!bytes) {
        warn(fmt::format("{}='{}' is ignored: expected a number of bytes such as 4096, 64M or 2G",
                         name, *text));
    }
    return bytes;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [parsed, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{}) {
        return std::nullopt;
    }
    std::string_view unit(parsed, static_cast<std::size_t>(end - parsed));
    constexpr std::string_view prefixes = "KMGT";
    unsigned shift = 0;
    if (!unit.empty()) {
        const auto upper = static_cast<char>(unit.front() & ~0x20);
        if (const auto position = prefixes.find(upper); position != std::string_view::npos) {
            shift = 10 * (static_cast<unsigned>(position) + 1);
            unit.remove_prefix(1);
            if (unit.starts_with('i')) {
                unit.remove_prefix(1);
            }
        }
        if (unit == "B") {
            unit.remove_prefix(1);
        }
    }
    if (!unit.empty() || number > (std::numeric_limits<std::uint64_t>::max() >> shift)) {
        return std::nullopt;
    }
    return number << shift;
}

}  // namespace latent::codegen::runtime
