#include "codegen/lower/number_parts.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "codegen/lower/registers.h"
#include "codegen/math/detail.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using Halide::Type;
using math::detail::Real;
namespace detail = math::detail;

namespace {

/// What the instruction is told: a mantissa from 1 to 2, and NaN for negative numbers.
constexpr int negative_is_nan = 3 << 2;

/// Bits of sqrt(1/2), rounded, or of its double: the exact place of the cut does not matter.
std::uint64_t least_mantissa_bits(const Type& type, int exponent = 0) {
    return (type.bits() == 64 ? 0x3fe6a09e667f3bcd : 0x3f3504f3) +
           (static_cast<std::uint64_t>(exponent) << detail::mantissa_bits(type));
}

Expr by_instruction(bool exponent, const Expr& x) {
    return by_registers({x}, 512, [&](const std::vector<Expr>& operands) {
        const Type type = operands[0].type();
        const std::string name = hi::unique_name("mantissa");
        const Real mantissa = hi::Variable::make(type, name);
        // Not of NaN.
        const Expr is_large =
            mantissa > detail::from_bits(detail::bits_constant(type, least_mantissa_bits(type, 1)));
        const Real of_its_binade = avx512_call(detail::number_exponent, "getexp", operands);
        const Expr one =
            detail::bits_constant(type, std::uint64_t{1} << detail::mantissa_bits(type));
        const Real part =
            exponent ? detail::choose(is_large, of_its_binade + 1.0, of_its_binade)
                     : detail::from_bits(Halide::select(is_large, detail::bits_of(mantissa) - one,
                                                        detail::bits_of(mantissa)));
        return hi::Let::make(
            name,
            avx512_call(detail::number_mantissa, "getmant", {operands[0], Expr(negative_is_nan)}),
            part.expr());
    });
}

/// A normal number by its bits. Without those of the least mantissa, which wrap, the upper ones are
/// the exponent.
struct NormalNumber {
    explicit NormalNumber(const Real& x)
        : bits(detail::bits_of(x)),
          from_least(bits - detail::bits_constant(x.type(), least_mantissa_bits(x.type()))) {}

    Real mantissa() const {
        const Type type = bits.type();
        const std::uint64_t lower = (std::uint64_t{1} << detail::mantissa_bits(type)) - 1;
        return detail::from_bits((from_least & detail::bits_constant(type, lower)) +
                                 detail::bits_constant(type, least_mantissa_bits(type)));
    }

    Real exponent() const { return detail::exponent_from_place(from_least); }

    Expr bits;
    Expr from_least;
};

Expr of_normal(bool exponent, const Expr& x) {
    const NormalNumber number(x);
    return exponent ? number.exponent() : number.mantissa();
}

/// Denormal numbers are scaled to be normal.
Expr of_positive(bool exponent, const Real& x) {
    const int digits = detail::mantissa_bits(x.type());
    const Expr denormal = x < std::ldexp(1.0, 1 - detail::exponent_bias(x.type()));
    const std::string name = hi::unique_name("normal");
    const Real normal = hi::Variable::make(x.type(), name);
    const Real part = of_normal(exponent, normal);
    return hi::Let::make(
        name, detail::choose(denormal, x * std::ldexp(1.0, digits), x),
        exponent ? part - detail::choose(denormal, x.constant(digits), 0.0) : part);
}

class LowerNumberParts : public hi::IRMutator {
  public:
    explicit LowerNumberParts(const Halide::Target& target)
        : has_instructions_(takes_numbers_apart(target)) {}

  private:
    using IRMutator::visit;
    Expr visit(const hi::Call* op) override {
        const bool exponent = op->name == detail::number_exponent;
        if (!exponent && op->name != detail::number_mantissa) {
            return IRMutator::visit(op);
        }
        const Expr value = mutate(op->args[0]);
        if (has_instructions_) {
            return by_instruction(exponent, value);
        }
        const std::string name = hi::unique_name("number");
        const Expr x = hi::Variable::make(value.type(), name);
        return hi::Let::make(
            name, value,
            hi::is_const_one(op->args[1]) ? of_positive(exponent, x) : of_normal(exponent, x));
    }

    bool has_instructions_;
};

}  // namespace

bool takes_numbers_apart(const Halide::Target& target) {
    return target.has_feature(Halide::Target::AVX512_Skylake);
}

hi::Stmt lower_number_parts(const hi::Stmt& statement, const Halide::Target& target) {
    return LowerNumberParts(target).mutate(statement);
}

}  // namespace latent::codegen
