#include "codegen/lower/extremes.h"

#include <string>
#include <vector>

#include "codegen/lower/registers.h"
#include "codegen/math/detail.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using math::detail::Real;
namespace detail = math::detail;

namespace {

/// What the instruction is told: which of the two, and that the result has its own sign.
constexpr int range_smaller = 4;
constexpr int range_larger = 5;

/// By the instruction, which takes -0 for less than +0. Beside one NaN it gives the other operand,
/// where a sum is that NaN.
Expr by_instruction(bool larger, const std::vector<Expr>& operands) {
    const Real a = operands[0];
    const Real b = operands[1];
    const Real of_numbers =
        avx512_call(larger ? detail::larger : detail::smaller, "range",
                    {operands[0], operands[1], Expr(larger ? range_larger : range_smaller)});
    return detail::choose(a != a || b != b, a + b, of_numbers * 1.0);
}

/// Equal numbers have the same bits but for zeros of both signs: of these, the bits that both have
/// are +0, and those that either has -0. If only b is NaN, it is what remains.
Expr by_comparisons(bool larger, const Expr& a, const Expr& b) {
    const Real x = a;
    const Real y = b;
    const Expr bits =
        larger ? detail::bits_of(x) & detail::bits_of(y) : detail::bits_of(x) | detail::bits_of(y);
    return detail::choose(x != x, x,
                          detail::choose(x == y, detail::from_bits(bits),
                                         detail::choose(larger ? x > y : x < y, x, y)));
}

class LowerExtremes : public hi::IRMutator {
  public:
    explicit LowerExtremes(const Halide::Target& target)
        : has_instruction_(target.has_feature(Halide::Target::AVX512_Skylake)) {}

  private:
    using IRMutator::visit;
    Expr visit(const hi::Call* op) override {
        const bool larger = op->name == detail::larger;
        if (!larger && op->name != detail::smaller) {
            return IRMutator::visit(op);
        }
        const std::string a_name = hi::unique_name("a");
        const std::string b_name = hi::unique_name("b");
        const Expr a = hi::Variable::make(op->type, a_name);
        const Expr b = hi::Variable::make(op->type, b_name);
        const Expr extreme = has_instruction_ && op->type.is_vector()
                                 ? by_registers({a, b}, 512,
                                                [&](const std::vector<Expr>& operands) {
                                                    return by_instruction(larger, operands);
                                                })
                                 : by_comparisons(larger, a, b);
        return hi::Let::make(a_name, mutate(op->args[0]),
                             hi::Let::make(b_name, mutate(op->args[1]), extreme));
    }

    bool has_instruction_;
};

}  // namespace

hi::Stmt lower_extremes(const hi::Stmt& statement, const Halide::Target& target) {
    return LowerExtremes(target).mutate(statement);
}

}  // namespace latent::codegen
