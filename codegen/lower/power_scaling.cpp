#include "codegen/lower/power_scaling.h"

#include <string>
#include <vector>

#include "codegen/lower/registers.h"
#include "codegen/math/detail.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
namespace detail = math::detail;

namespace {

/// As a product with two factors of about the same size, which reach every exponent without leaving
/// the normal range. The bits above the low ones are those of a larger exponent (nearest_whole):
/// even when halved they end up above the sign, where the shift by the mantissa drops them. The
/// factors of the least k are zeros, so that exp(-inf), of a masked term, is a product with zero
/// and not one that underflows, which takes some processors many cycles.
Expr product_with_factors(const Expr& value, const Expr& bits) {
    const std::string bits_name = hi::unique_name("bits");
    const std::string half_name = hi::unique_name("half");
    const Expr all = hi::Variable::make(bits.type(), bits_name);
    const Expr half = hi::Variable::make(bits.type(), half_name);
    const Expr product =
        detail::Real(value) * detail::power_of_two(half) * detail::power_of_two(all - half);
    return hi::Let::make(bits_name, bits, hi::Let::make(half_name, all >> 1, product));
}

/// By the instruction. Results that underflow take no longer (of a Zen 4; products with denormal
/// results take twice the time of others there).
Expr scaled(const Expr& value, const Expr& k) {
    return by_registers({value, k}, 512, [](const std::vector<Expr>& operands) {
        return avx512_call(detail::power_scaling, "scalef", operands);
    });
}

class LowerPowerScaling : public hi::IRMutator {
  public:
    explicit LowerPowerScaling(const Halide::Target& target)
        : has_instruction_(target.has_feature(Halide::Target::AVX512_Skylake)) {}

  private:
    using IRMutator::visit;
    Expr visit(const hi::Call* op) override {
        if (op->name != detail::power_scaling) {
            return IRMutator::visit(op);
        }
        const Expr value = mutate(op->args[0]);
        return has_instruction_ ? scaled(value, mutate(op->args[1]))
                                : product_with_factors(value, mutate(op->args[2]));
    }

    bool has_instruction_;
};

}  // namespace

hi::Stmt lower_power_scaling(const hi::Stmt& statement, const Halide::Target& target) {
    return LowerPowerScaling(target).mutate(statement);
}

}  // namespace latent::codegen
