#pragma once

#include <optional>
#include <source_location>
#include <utility>

#include "ir/builder.h"

// What derivative rules are written with. Internal to the gradient passes.

namespace latent::passes {

/// A value together with the location that nodes built on it get, so that rules read as formulas.
class Term {
  public:
    Term(ir::Value value, const std::source_location& location)
        : value_(std::move(value)), location_(location) {}

    const ir::Value& value() const { return value_; }
    const ir::Type& type() const { return value_.type(); }
    const std::source_location& location() const { return location_; }
    /// The number, of this dtype and shape.
    Term filled(double number) const;

  private:
    ir::Value value_;
    std::source_location location_;
};

Term apply(ir::Op op, const Term& a);
Term apply(ir::Op op, const Term& a, const Term& b);
Term select(const Term& condition, const Term& if_true, const Term& if_false);

inline Term operator-(const Term& a) {
    return apply(ir::Op::neg, a);
}
inline Term operator+(const Term& a, const Term& b) {
    return apply(ir::Op::add, a, b);
}
inline Term operator-(const Term& a, const Term& b) {
    return apply(ir::Op::sub, a, b);
}
inline Term operator*(const Term& a, const Term& b) {
    return apply(ir::Op::mul, a, b);
}
inline Term operator/(const Term& a, const Term& b) {
    return apply(ir::Op::div, a, b);
}
inline Term operator+(double a, const Term& b) {
    return b.filled(a) + b;
}
inline Term operator-(double a, const Term& b) {
    return b.filled(a) - b;
}
inline Term operator*(double a, const Term& b) {
    return b.filled(a) * b;
}

/// The number that `value` repeats, where it is a `constant` behind broadcasts and reshapes.
std::optional<ir::Literal> repeated_constant(const ir::Value& value);

/// `product`, linear in `cotangent`, but zero where the cotangent is zero and a factor made the
/// product NaN. For derivatives without bound: cotangents also vanish by saturation, as in
/// 1 / (1 + exp(-x)). Where the factor is finite the product stays as it is, so that its own
/// derivative with respect to the cotangent is right at zero too (a Hessian at a minimum).
Term guarded(const Term& cotangent, const Term& product);

/// `product`, but zero where it is NaN and `vanishes`.
Term zero_where(const Term& vanishes, const Term& product);

}  // namespace latent::passes
