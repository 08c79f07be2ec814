#include "codegen/lower/index_distance.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;

namespace {

/// Widens the terms of indices, not their sums.
class WidenTerms : public hi::IRMutator {
  private:
    using IRMutator::visit;

    template <typename Operation>
    Expr widened(const Halide::Type& type, const Operation* op) {
        return Operation::make(mutate(hi::Cast::make(type, op->a)),
                               mutate(hi::Cast::make(type, op->b)));
    }

    Expr visit(const hi::Cast* cast) override {
        const Halide::Type type = cast->type;
        if (type != Halide::Int(64) || cast->value.type() != Halide::Int(32)) {
            return IRMutator::visit(cast);
        }
        if (const auto* sum = cast->value.as<hi::Add>()) {
            return widened(type, sum);
        }
        if (const auto* difference = cast->value.as<hi::Sub>()) {
            return widened(type, difference);
        }
        if (const auto* product = cast->value.as<hi::Mul>()) {
            return widened(type, product);
        }
        return cast;
    }
};

}  // namespace

std::optional<std::int64_t> index_distance(const Expr& index, const Expr& other) {
    const Expr distance = hi::simplify(WidenTerms().mutate(index) - WidenTerms().mutate(other));
    const auto constant = hi::as_const_int(distance);
    return constant ? std::optional<std::int64_t>(*constant) : std::nullopt;
}

}  // namespace latent::codegen
