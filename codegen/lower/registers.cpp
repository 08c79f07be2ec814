#include "codegen/lower/registers.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "codegen/lower/whole_call.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using Halide::Type;

namespace {

constexpr int smallest_register = 128;  // bits
constexpr int largest_register = 512;

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

std::vector<Expr> elements(const std::vector<Expr>& vectors, int begin, int count) {
    std::vector<Expr> parts;
    for (const Expr& vector : vectors) {
        parts.push_back(elements(vector, begin, count));
    }
    return parts;
}

}  // namespace

Expr by_registers(const std::vector<Expr>& operands, int largest,
                  const std::function<Expr(const std::vector<Expr>&)>& function) {
    const Type type = operands.front().type();
    std::vector<std::string> names;
    std::vector<Expr> named;
    for (const Expr& operand : operands) {
        names.push_back(hi::unique_name("operand"));
        named.push_back(hi::Variable::make(operand.type(), names.back()));
    }
    int lanes = smallest_register / type.bits();
    while (lanes < type.lanes() && lanes < largest / type.bits()) {
        lanes *= 2;
    }
    std::vector<Expr> registers;
    for (int begin = 0; begin < type.lanes(); begin += lanes) {
        registers.push_back(function(elements(named, begin, lanes)));
    }
    Expr result = registers.size() == 1 ? registers.front() : hi::Shuffle::make_concat(registers);
    result = type.is_scalar() ? hi::Shuffle::make_extract_element(result, 0)
                              : elements(result, 0, type.lanes());
    for (std::size_t i = operands.size(); i-- > 0;) {
        result = hi::Let::make(names[i], operands[i], result);
    }
    return result;
}

Expr avx512_call(const char* name, const char* instruction, const std::vector<Expr>& operands) {
    const Type type = operands.front().type();
    const int bits = type.bits() * type.lanes();
    std::vector<Expr> all = operands;
    all.push_back(hi::make_zero(type));  // for masked elements
    all.push_back(hi::make_const(Halide::UInt(std::max(8, type.lanes())), (1 << type.lanes()) - 1));
    if (bits == largest_register) {
        const int current_rounding = 4;
        all.emplace_back(current_rounding);
    }
    const Expr call = hi::Call::make(type, name, all, hi::Call::PureExtern);
    return whole_call(*call.as<hi::Call>(),
                      fmt::format("llvm.x86.avx512.mask.{}.{}.{}", instruction,
                                  type.bits() == 64 ? "pd" : "ps", bits));
}

}  // namespace latent::codegen
