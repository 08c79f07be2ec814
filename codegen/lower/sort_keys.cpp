#include "codegen/lower/sort_keys.h"

#include "codegen/math/math.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Type;

namespace {

/// Of a float the bits with the sign turned round, of a negative one all of them.
Expr increasing_key(const Expr& value) {
    const Type type = value.type();
    if (type.is_bool()) {
        return Halide::cast<std::uint32_t>(value);
    }
    const Type key = type.with_code(halide_type_uint);
    const Expr sign = Halide::Internal::make_const(key, 1) << (type.bits() - 1);
    if (!type.is_float()) {
        return Halide::reinterpret(key, value) ^ sign;
    }
    // Adding zero makes the negative one positive.
    const Expr number = math::add(value, Halide::Internal::make_zero(type));
    const Expr bits = Halide::reinterpret(key, number);
    const Expr ordered = Halide::select((bits & sign) != 0, ~bits, bits | sign);
    return Halide::select(Halide::strict_float(value != value), key.max(), ordered);
}

}  // namespace

Expr sort_key(const Expr& value, bool decreasing) {
    const Expr key = increasing_key(value);
    return decreasing ? ~key : key;
}

}  // namespace latent::codegen
