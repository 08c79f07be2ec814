#include "codegen/lower/fused_arithmetic.h"

#include <fmt/format.h>

#include <string_view>

#include "codegen/lower/whole_call.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;

namespace {

constexpr std::string_view fused_prefix = "llvm.fma.";

Expr strict(hi::Call::IntrinsicOp operation, const Expr& a, const Expr& b) {
    return hi::Call::make(a.type(), operation, {a, b}, hi::Call::PureIntrinsic);
}

class SplitMultiplyAdds : public hi::IRMutator {
  private:
    using IRMutator::visit;
    Expr visit(const hi::Call* op) override {
        if (!op->name.starts_with(fused_prefix)) {
            return IRMutator::visit(op);
        }
        const Expr product = strict(hi::Call::strict_mul, mutate(op->args[0]), mutate(op->args[1]));
        return strict(hi::Call::strict_add, product, mutate(op->args[2]));
    }
    Expr visit(const hi::Add* op) override {
        return op->type.is_float() ? strict(hi::Call::strict_add, mutate(op->a), mutate(op->b))
                                   : IRMutator::visit(op);
    }
    Expr visit(const hi::Mul* op) override {
        return op->type.is_float() ? strict(hi::Call::strict_mul, mutate(op->a), mutate(op->b))
                                   : IRMutator::visit(op);
    }
};

class KeepMultiplyAddsWhole : public hi::IRMutator {
  private:
    using IRMutator::visit;
    Expr visit(const hi::Call* op) override {
        const Expr call = IRMutator::visit(op);
        if (!op->name.starts_with(fused_prefix) || op->type.is_scalar()) {
            return call;
        }
        return whole_call(*call.as<hi::Call>(),
                          fmt::format("llvm.fma.v{}f{}", op->type.lanes(), op->type.bits()));
    }
};

}  // namespace

hi::Stmt split_multiply_adds(const hi::Stmt& statement) {
    return SplitMultiplyAdds().mutate(statement);
}

hi::Stmt keep_multiply_adds_whole(const hi::Stmt& statement) {
    return KeepMultiplyAddsWhole().mutate(statement);
}

}  // namespace latent::codegen
