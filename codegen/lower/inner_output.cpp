#include "codegen/lower/inner_output.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;

namespace {

constexpr auto marker = "latent_beside";

class StoreInnerOutput : public hi::IRMutator {
  public:
    explicit StoreInnerOutput(const std::string& name) : name_(name) {}

  private:
    using IRMutator::visit;

    hi::Stmt visit(const hi::Realize* op) override {
        return op->name == name_ ? mutate(op->body) : IRMutator::visit(op);
    }
    Expr visit(const hi::Call* op) override {
        return op->name == marker ? mutate(op->args[0]) : IRMutator::visit(op);
    }

    const std::string& name_;
};

}  // namespace

Expr beside(const Expr& value, const Expr& other) {
    return hi::Call::make(value.type(), marker, {value, other}, hi::Call::PureExtern);
}

hi::Stmt store_inner_output(const hi::Stmt& statement, const std::string& name) {
    return StoreInnerOutput(name).mutate(statement);
}

}  // namespace latent::codegen
