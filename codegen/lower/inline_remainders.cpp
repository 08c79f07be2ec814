#include "codegen/lower/inline_remainders.h"

#include "codegen/lower/contains.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Stmt;

namespace {

class InlineRemainders : public hi::IRMutator {
    using IRMutator::visit;

    Expr visit(const hi::Let* op) override {
        return op->value.type() == Halide::Int(32) && contains<hi::Mod>(op->value)
                   ? mutate(hi::substitute(op->name, op->value, op->body))
                   : IRMutator::visit(op);
    }
};

}  // namespace

Stmt inline_remainders(const Stmt& statement) {
    return InlineRemainders().mutate(statement);
}

}  // namespace latent::codegen
