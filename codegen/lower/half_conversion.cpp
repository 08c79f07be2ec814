#include "codegen/lower/half_conversion.h"

#include <cstdint>
#include <string>
#include <vector>

#include "codegen/lower/whole_call.h"
#include "codegen/math/detail.h"
#include "codegen/math/math.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using math::detail::bits_of;
using math::detail::from_bits;

namespace {

constexpr const char* half_bits_name = "latent_half_bits";
/// LLVM's function for the instruction, and how many floats it takes.
constexpr const char* half_instruction = "llvm.x86.vcvtps2ph.256";
constexpr int half_instruction_lanes = 8;

// The conversions of ir/include/latent/half.h, without branches.

Expr constant(std::uint32_t bits) {
    return math::detail::bits_constant(Halide::Float(32), bits);
}

/// A float's magnitude as it is rounded to binary16. Adding the power of two whose steps in f32 are
/// those of binary16 at x rounds x, and leaves its digits, the leading one too, as the low bits of
/// the sum.
struct HalfRounding {
    explicit HalfRounding(const Expr& x)
        : magnitude(bits_of(x) & constant(0x7fffffff)),
          sign(bits_of(x) ^ magnitude),
          is_nan(math::is_nan(x)) {
        const Expr finite = Halide::min(magnitude, constant(infinite));
        exponent = Halide::max(finite & constant(0x7f800000), constant(least_exponent));
        shift = exponent + constant(dropped_digits << 23);
        sum = math::add(from_bits(finite), from_bits(shift));
    }

    static constexpr std::uint32_t infinite = (127 + 16) << 23;  // as is all from here on
    static constexpr std::uint32_t least_exponent = (127 - 14) << 23;
    static constexpr int dropped_digits = 13;

    Expr magnitude;
    Expr sign;
    Expr is_nan;
    Expr exponent;  // at least that of normal numbers
    Expr shift;
    Expr sum;
};

Expr half_bits_by_integers(const Expr& x) {
    const HalfRounding r(x);
    const Halide::Type type = r.sign.type();
    const Expr nan = Halide::select(r.is_nan, hi::make_const(type, 0x200), hi::make_zero(type));
    const Expr digits = bits_of(r.sum) - r.shift;
    // The leading digit of a normal number counts as one in the exponent.
    const Expr steps = (r.exponent >> HalfRounding::dropped_digits) -
                       constant(HalfRounding::least_exponent >> HalfRounding::dropped_digits);
    return Halide::cast(Halide::UInt(16, x.type().lanes()), r.sign >> 16 | nan | (steps + digits));
}

/// The instruction keeps digits of a NaN, of which there is one here for either sign.
Expr half_bits_by_instruction(const Expr& x) {
    const Halide::Type type = Halide::UInt(16, x.type().lanes());
    std::vector<Expr> parts;
    for (int begin = 0; begin < type.lanes(); begin += half_instruction_lanes) {
        const Expr part = hi::Shuffle::make_slice(x, begin, 1, half_instruction_lanes);
        const Expr call = hi::Call::make(type.with_lanes(half_instruction_lanes), half_instruction,
                                         {part, 0}, hi::Call::PureExtern);
        parts.push_back(whole_call(*call.as<hi::Call>(), half_instruction));
    }
    const Expr bits = parts.size() == 1 ? parts.front() : hi::Shuffle::make_concat(parts);
    const Expr nan = Halide::cast(type, (bits_of(x) >> 16 & constant(0x8000)) | constant(0x7e00));
    return Halide::select(math::is_nan(x), nan, bits);
}

class ExpandHalfConversions : public hi::IRMutator {
  public:
    explicit ExpandHalfConversions(bool has_instruction) : has_instruction_(has_instruction) {}

  private:
    using IRMutator::visit;
    Expr visit(const hi::Call* op) override {
        if (op->name != half_bits_name) {
            return IRMutator::visit(op);
        }
        const Expr value = mutate(op->args[0]);
        const std::string name = hi::unique_name("rounded");
        const Expr x = hi::Variable::make(value.type(), name);
        const bool by_instruction =
            has_instruction_ && value.type().lanes() % half_instruction_lanes == 0;
        return hi::Let::make(
            name, value, by_instruction ? half_bits_by_instruction(x) : half_bits_by_integers(x));
    }

    bool has_instruction_;
};

}  // namespace

Expr half_bits(const Expr& x) {
    return hi::Call::make(Halide::UInt(16), half_bits_name, {x}, hi::Call::PureExtern);
}

Expr rounded_half(const Expr& x) {
    const HalfRounding r(x);
    const Expr nearest = math::subtract(r.sum, from_bits(r.shift));
    const Expr beyond = Halide::select(r.is_nan, constant(0x7fc00000), constant(0x7f800000));
    const Expr is_finite = math::less(nearest, from_bits(constant(HalfRounding::infinite)));
    return from_bits(r.sign | Halide::select(is_finite, bits_of(nearest), beyond));
}

Expr half_value(const Expr& stored) {
    const Expr bits = Halide::cast<std::uint32_t>(stored);
    const Expr sign = (bits & constant(0x8000)) << 16;
    const Expr magnitude = bits & constant(0x7fff);
    const Expr small = bits_of(
        math::multiply(Halide::cast<float>(Halide::cast<std::int32_t>(magnitude)), Expr(0x1p-24F)));
    const Expr normal = (magnitude << 13) + constant((127 - 15) << 23);
    const Expr special = (magnitude << 13) + constant((255 - 31) << 23);
    const Expr result =
        Halide::select(magnitude < constant(0x400), small,
                       Halide::select(magnitude < constant(0x7c00), normal, special));
    return from_bits(sign | result);
}

Expr bfloat_bits(const Expr& x) {
    const Expr bits = bits_of(x);
    const Expr nearest = (bits + constant(0x7fff) + (bits >> 16 & constant(1))) >> 16;
    const Expr nan = (bits >> 16 & constant(0x8000)) | constant(0x7fc0);
    const Expr is_nan = (bits & constant(0x7fffffff)) > constant(0x7f800000);
    return Halide::cast<std::uint16_t>(Halide::select(is_nan, nan, nearest));
}

Expr bfloat_value(const Expr& stored) {
    return from_bits(Halide::cast<std::uint32_t>(stored) << 16);
}

hi::Stmt expand_half_conversions(const hi::Stmt& statement, const Halide::Target& target) {
    return ExpandHalfConversions(target.has_feature(Halide::Target::F16C)).mutate(statement);
}

}  // namespace latent::codegen
