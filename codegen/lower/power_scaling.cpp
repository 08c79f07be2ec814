#include "codegen/lower/power_scaling.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "codegen/lower/whole_call.h"
#include "codegen/math/detail.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using Halide::Type;
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

/// By the instruction, of as many elements as one of its vectors has. Results that underflow take
/// no longer (of a Zen 4; products with denormal results take twice the time of others there).
Expr scaled_register(const Expr& value, const Expr& k) {
    const Type type = value.type();
    const int bits = type.bits() * type.lanes();
    std::vector<Expr> operands = {value, k,
                                  hi::make_zero(type)};  // the last one for masked elements
    operands.push_back(
        hi::make_const(Halide::UInt(std::max(8, type.lanes())), (1 << type.lanes()) - 1));
    if (bits == 512) {
        const int current_rounding = 4;
        operands.emplace_back(current_rounding);
    }
    const Expr call = hi::Call::make(type, detail::power_scaling, operands, hi::Call::PureExtern);
    return whole_call(*call.as<hi::Call>(), fmt::format("llvm.x86.avx512.mask.scalef.{}.{}",
                                                        type.bits() == 64 ? "pd" : "ps", bits));
}

/// Elements begin, begin + 1, ... of a vector; past its last one, that again.
Expr elements(const Expr& vector, int begin, int count) {
    if (vector.type().is_scalar()) {
        return hi::Broadcast::make(vector, count);
    }
    if (begin == 0 && count == vector.type().lanes()) {
        return vector;
    }
    std::vector<int> indices;
    for (int i = 0; i < count; ++i) {
        indices.push_back(std::min(begin + i, vector.type().lanes() - 1));
    }
    return hi::Shuffle::make({vector}, indices);
}

/// By the instruction, however many elements there are. A number of its own is an element of a
/// vector too, for it must be the same bits.
Expr scaled(const Expr& value, const Expr& k) {
    const Type type = value.type();
    const int largest = 512 / type.bits();
    int lanes = 128 / type.bits();
    while (lanes < type.lanes() && lanes < largest) {
        lanes *= 2;
    }
    if (lanes == type.lanes()) {
        return scaled_register(value, k);
    }
    const std::string value_name = hi::unique_name("value");
    const std::string k_name = hi::unique_name("k");
    const Expr named_value = hi::Variable::make(type, value_name);
    const Expr named_k = hi::Variable::make(type, k_name);
    std::vector<Expr> registers;
    for (int begin = 0; begin < type.lanes(); begin += lanes) {
        registers.push_back(
            scaled_register(elements(named_value, begin, lanes), elements(named_k, begin, lanes)));
    }
    const Expr all =
        registers.size() == 1 ? registers.front() : hi::Shuffle::make_concat(registers);
    const Expr result = type.is_scalar() ? hi::Shuffle::make_extract_element(all, 0)
                                         : elements(all, 0, type.lanes());
    return hi::Let::make(value_name, value, hi::Let::make(k_name, k, result));
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
