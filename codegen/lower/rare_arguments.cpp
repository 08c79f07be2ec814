#include "codegen/lower/rare_arguments.h"

#include <string>

#include "codegen/lower/number_parts.h"
#include "codegen/math/detail.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using Halide::Type;

namespace {

/// Whether one element of a vector is.
Expr any(const Expr& condition) {
    return condition.type().is_scalar()
               ? condition
               : hi::VectorReduce::make(hi::VectorReduce::Or, condition, 1);
}

/// A branch, of which one arm is computed: not for each element by itself.
Expr branch(const Expr& condition, const Expr& if_true, const Expr& if_false) {
    return hi::Call::make(if_true.type(), hi::Call::if_then_else, {condition, if_true, if_false},
                          hi::Call::PureIntrinsic);
}

class BranchAroundRareArguments : public hi::IRMutator {
  public:
    explicit BranchAroundRareArguments(const Halide::Target& target)
        : fuses_(target.has_feature(Halide::Target::FMA)),
          takes_numbers_apart_(codegen::takes_numbers_apart(target)) {}

  private:
    using IRMutator::visit;
    Expr visit(const hi::Call* op) override {
        const bool special = op->name == math::detail::special_arguments;
        if (!special && op->name != math::detail::rare_arguments) {
            return IRMutator::visit(op);
        }
        if (special && takes_numbers_apart_) {
            return mutate(op->args[1]);
        }
        const Expr rare = mutate(op->args[2]);
        if (!fuses_) {
            return rare;
        }
        const std::string condition_name = hi::unique_name("is_rare");
        const std::string usual_name = hi::unique_name("usual");
        const Expr condition = hi::Variable::make(op->args[0].type(), condition_name);
        const Expr usual = hi::Variable::make(op->type, usual_name);
        const Expr either = branch(any(condition), hi::Select::make(condition, rare, usual), usual);
        return hi::Let::make(condition_name, hi::Not::make(mutate(op->args[0])),
                             hi::Let::make(usual_name, mutate(op->args[1]), either));
    }

    bool fuses_;
    bool takes_numbers_apart_;
};

}  // namespace

hi::Stmt branch_around_rare_arguments(const hi::Stmt& statement, const Halide::Target& target) {
    return BranchAroundRareArguments(target).mutate(statement);
}

}  // namespace latent::codegen
