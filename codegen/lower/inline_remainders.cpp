#include "codegen/lower/inline_remainders.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Stmt;

namespace {

bool has_remainder(const Expr& value) {
    class Search : public hi::IRVisitor {
      public:
        bool found = false;

      private:
        using IRVisitor::visit;
        void visit(const hi::Mod*) override { found = true; }
    } search;
    value.accept(&search);
    return search.found;
}

class InlineRemainders : public hi::IRMutator {
    using IRMutator::visit;

    Expr visit(const hi::Let* op) override {
        return op->value.type() == Halide::Int(32) && has_remainder(op->value)
                   ? mutate(hi::substitute(op->name, op->value, op->body))
                   : IRMutator::visit(op);
    }
};

}  // namespace

Stmt inline_remainders(const Stmt& statement) {
    return InlineRemainders().mutate(statement);
}

}  // namespace latent::codegen
