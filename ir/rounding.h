#pragma once

#include <concepts>
#include <type_traits>

namespace latent::ir {

/// a / b for positive b, the next integer where it is none: how many tiles of b cover a.
template <std::integral T>
constexpr T ceiling_quotient(T a, std::type_identity_t<T> b) {
    return (a + b - 1) / b;
}

/// The least multiple of b that is not below a.
template <std::integral T>
constexpr T rounded_up(T a, std::type_identity_t<T> b) {
    return ceiling_quotient(a, b) * b;
}

}  // namespace latent::ir
