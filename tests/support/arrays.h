#pragma once

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <concepts>
#include <initializer_list>
#include <span>
#include <string>

#include "codegen/reference/array.h"
#include "tests/support/elements.h"

namespace latent::test {

/// `array<float>({2, 2}, {1, 2, 3, 4})`; rank 0 is `array<float>({}, {1})`.
template <Element T>
Array array(const ir::Shape& shape, std::initializer_list<T> elements) {
    return Array::from(std::span<const T>(elements.begin(), elements.size()), shape);
}

/// How far an element may be from the expected one: absolute + relative * |expected|.
struct Tolerance {
    double relative = 0;
    double absolute = 0;
};

/// NaN agrees with NaN; infinities and integers must be equal, and without an absolute tolerance so
/// must the sign of zero.
template <Element T>
bool agrees(T actual_element, T expected_element, Tolerance tolerance) {
    if constexpr (FloatingElement<T>) {
        const auto actual = static_cast<double>(actual_element);
        const auto expected = static_cast<double>(expected_element);
        if (std::isnan(expected)) {
            return std::isnan(actual);
        }
        if (expected == 0 && actual == 0) {
            return tolerance.absolute > 0 || std::signbit(actual) == std::signbit(expected);
        }
        if (std::isfinite(actual) && std::isfinite(expected)) {
            return std::abs(actual - expected) <=
                   tolerance.absolute + tolerance.relative * std::abs(expected);
        }
    }
    return actual_element == expected_element;
}

/// The first element that does not agree, in words; empty if all do.
template <Element T>
std::string first_difference(std::span<const T> actual, std::span<const T> expected,
                             Tolerance tolerance = {}) {
    if (actual.size() != expected.size()) {
        return fmt::format("{} elements, expected {}", actual.size(), expected.size());
    }
    for (std::size_t i = 0; i < actual.size(); ++i) {
        if (!agrees(actual[i], expected[i], tolerance)) {
            return fmt::format("element {} is {}, expected {}", i, printable(actual[i]),
                               printable(expected[i]));
        }
    }
    return {};
}

/// Matches an array of the same type whose elements all agree.
class AgreesWith : public Catch::MatcherBase<Array> {
  public:
    explicit AgreesWith(Array expected, Tolerance tolerance = {})
        : expected_(std::move(expected)), tolerance_(tolerance) {}

    bool match(const Array& actual) const override {
        difference_ = difference(actual);
        return difference_.empty();
    }
    std::string describe() const override { return "agrees: " + difference_; }

  private:
    std::string difference(const Array& actual) const {
        if (actual.type() != expected_.type()) {
            return fmt::format("type {}, expected {}", ir::to_string(actual.type()),
                               ir::to_string(expected_.type()));
        }
        return with_elements(expected_, [&]<typename T>(std::span<const T> expected) {
            return first_difference(actual.data<T>(), expected, tolerance_);
        });
    }

    Array expected_;
    Tolerance tolerance_;
    mutable std::string difference_;
};

}  // namespace latent::test

namespace Catch {

template <>
struct StringMaker<latent::test::Array> {
    static std::string convert(const latent::test::Array& array) {
        constexpr std::size_t shown = 32;
        std::string text = latent::ir::to_string(array.type()) + " {";
        latent::test::with_elements(array, [&](const auto& elements) {
            for (std::size_t i = 0; i < std::min(shown, elements.size()); ++i) {
                text +=
                    fmt::format("{}{}", i == 0 ? "" : ", ", latent::test::printable(elements[i]));
            }
            text += elements.size() > shown ? ", ...}" : "}";
        });
        return text;
    }
};

}  // namespace Catch
