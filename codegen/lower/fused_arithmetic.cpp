#include "codegen/lower/fused_arithmetic.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

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

/// What Halide's code generator offers to those that derive from it.
struct GeneratorAccess : hi::CodeGen_LLVM {
    using CallFunction = llvm::Value* (hi::CodeGen_LLVM::*)(const Halide::Type&, int,
                                                            const std::string&, std::vector<Expr>);
    static CallFunction call_function() {
        return static_cast<CallFunction>(&GeneratorAccess::call_intrin);
    }
    static llvm::Value* hi::CodeGen_LLVM::* result() { return &GeneratorAccess::value; }
};

/// A call of LLVM's function for elements, as any other to all but the code generator, which calls
/// the one for vectors.
struct WholeMultiplyAdd : hi::Call {
    explicit WholeMultiplyAdd(const hi::Call& call) {
        type = call.type;
        name = call.name;
        args = call.args;
        call_type = call.call_type;
        func = call.func;
        value_index = call.value_index;
        image = call.image;
        param = call.param;
    }

    void accept(hi::IRVisitor* visitor) const override {
        auto* const generator = dynamic_cast<hi::CodeGen_LLVM*>(visitor);
        if (generator == nullptr) {
            Call::accept(visitor);
            return;
        }
        const std::string function = fmt::format("llvm.fma.v{}f{}", type.lanes(), type.bits());
        generator->*GeneratorAccess::result() =
            (generator->*GeneratorAccess::call_function())(type, type.lanes(), function, args);
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
        return new WholeMultiplyAdd(*call.as<hi::Call>());
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
