#include "codegen/lower/fused_arithmetic.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;

namespace {

Expr strict(hi::Call::IntrinsicOp operation, const Expr& a, const Expr& b) {
    return hi::Call::make(a.type(), operation, {a, b}, hi::Call::PureIntrinsic);
}

class SplitMultiplyAdds : public hi::IRMutator {
  private:
    using IRMutator::visit;
    Expr visit(const hi::Call* op) override {
        if (!op->name.starts_with("llvm.fma.")) {
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

}  // namespace

hi::Stmt split_multiply_adds(const hi::Stmt& statement) {
    return SplitMultiplyAdds().mutate(statement);
}

}  // namespace latent::codegen
