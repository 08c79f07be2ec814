#pragma once

#include <cstdint>
#include <source_location>
#include <string_view>

namespace latent::detail {

/// Checks of the numbers that optimisers and schedules are made with. ValueError says who was given
/// which number, and where.
class OptionChecks {
  public:
    OptionChecks(std::string_view op, const std::source_location& location)
        : op_(op), location_(location) {}

    /// Neither negative nor infinite nor NaN.
    void non_negative(double value, std::string_view option) const;
    /// In [0, 1): the share of an average that stays from step to step.
    void decay(double value, std::string_view option) const;
    void at_least(std::int64_t value, std::int64_t least, std::string_view option) const;
    [[noreturn]] void refuse(std::string_view words) const;

  private:
    std::string_view op_;
    std::source_location location_;
};

}  // namespace latent::detail
