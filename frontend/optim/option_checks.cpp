#include "frontend/optim/option_checks.h"

#include <fmt/format.h>

#include <cmath>

#include "ir/errors.h"

namespace latent::detail {

void OptionChecks::non_negative(double value, std::string_view option) const {
    if (!(value >= 0) || std::isinf(value)) {
        refuse(fmt::format("{} must be finite and not negative, got {}", option, value));
    }
}

void OptionChecks::decay(double value, std::string_view option) const {
    if (!(value >= 0 && value < 1)) {
        refuse(fmt::format("{} must be in [0, 1), got {}", option, value));
    }
}

void OptionChecks::at_least(std::int64_t value, std::int64_t least, std::string_view option) const {
    if (value < least) {
        refuse(fmt::format("{} must be at least {}, got {}", option, least, value));
    }
}

void OptionChecks::refuse(std::string_view words) const {
    ir::raise<ValueError>(location_, fmt::format("{}: {}", op_, words));
}

}  // namespace latent::detail
