#include "codegen/lower/whole_call.h"

#include <utility>
#include <vector>

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;

namespace {

/// What Halide's code generator offers to those that derive from it.
struct GeneratorAccess : hi::CodeGen_LLVM {
    using CallFunction = llvm::Value* (hi::CodeGen_LLVM::*)(const Halide::Type&, int,
                                                            const std::string&, std::vector<Expr>);
    static CallFunction call_function() {
        return static_cast<CallFunction>(&GeneratorAccess::call_intrin);
    }
    static llvm::Value* hi::CodeGen_LLVM::* result() { return &GeneratorAccess::value; }
};

struct WholeCall : hi::Call {
    WholeCall(const hi::Call& call, std::string function) : function_(std::move(function)) {
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
        generator->*GeneratorAccess::result() =
            (generator->*GeneratorAccess::call_function())(type, type.lanes(), function_, args);
    }

    Expr mutate_expr(hi::IRMutator* mutator) const override {
        const Expr mutated = Call::mutate_expr(mutator);
        const auto* const call = mutated.as<hi::Call>();
        const bool has_other_operands =
            call != nullptr && call != this && call->name == name && call->type == type;
        return has_other_operands ? whole_call(*call, function_) : mutated;
    }

  private:
    std::string function_;
};

}  // namespace

Expr whole_call(const hi::Call& call, std::string function) {
    return new WholeCall(call, std::move(function));
}

}  // namespace latent::codegen
