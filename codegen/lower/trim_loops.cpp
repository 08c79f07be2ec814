#include "codegen/lower/trim_loops.h"

#include <string>
#include <utility>

#include "codegen/lower/simplify_within_range.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Interval;
using hi::Stmt;

namespace {

Expr both(const Expr& a, const Expr& b) {
    if (hi::is_const_zero(a) || hi::is_const_one(b)) {
        return a;
    }
    return hi::is_const_zero(b) || hi::is_const_one(a) ? b : a && b;
}

Expr either(const Expr& a, const Expr& b) {
    if (hi::is_const_zero(a) || hi::is_const_one(b)) {
        return b;
    }
    return hi::is_const_zero(b) || hi::is_const_one(a) ? a : a || b;
}

/// A sufficient condition for a statement to do nothing. A store does something.
class NoOpCondition : public hi::IRVisitor {
  public:
    Expr condition = hi::const_true();

  private:
    using IRVisitor::visit;

    void visit(const hi::Store*) override { condition = hi::const_false(); }
    void visit(const hi::Call* op) override {
        if (!op->is_pure()) {
            condition = hi::const_false();
            return;
        }
        IRVisitor::visit(op);
    }
    void visit(const hi::Acquire*) override { condition = hi::const_false(); }
    void visit(const hi::For* op) override {
        if (hi::is_const_zero(condition)) {
            return;
        }
        const Expr before = std::exchange(condition, hi::const_true());
        op->body.accept(this);
        if (!hi::is_const(condition)) {
            hi::Scope<Interval> varying;
            varying.push(op->name, Interval(op->min, op->min + op->extent - 1));
            condition = hi::simplify(hi::common_subexpression_elimination(condition));
            condition = hi::and_condition_over_domain(condition, varying);
        }
        condition = both(before, either(condition, hi::simplify(op->extent <= 0)));
    }
    void visit(const hi::IfThenElse* op) override {
        if (hi::is_const_zero(condition)) {
            return;
        }
        Expr total = std::exchange(condition, hi::const_true());
        op->then_case.accept(this);
        total = both(total, either(!op->condition, condition));
        condition = hi::const_true();
        if (op->else_case.defined()) {
            op->else_case.accept(this);
            total = both(total, either(op->condition, condition));
        }
        condition = total;
    }
    template <typename Let>
    void visit_let(const Let* op) {
        IRVisitor::visit(op);
        if (hi::expr_uses_var(condition, op->name)) {
            condition = hi::Let::make(op->name, op->value, condition);
        }
    }
    void visit(const hi::LetStmt* op) override { visit_let(op); }
    void visit(const hi::Let* op) override { visit_let(op); }
};

/// The loop that `op` becomes when only what lies in `needed` is done.
Stmt trimmed(const hi::For* op, const Stmt& body, Interval needed) {
    const auto variable = [&](const char* what) {
        return hi::Variable::make(Halide::Int(32), hi::unique_name(op->name + what));
    };
    const auto let = [](const Expr& name, const Expr& value, const Stmt& statement) {
        return hi::LetStmt::make(name.as<hi::Variable>()->name, value, statement);
    };
    const Expr min = variable(".new_min");
    const Expr end = variable(".new_max");
    const Expr old_end = variable(".old_max");
    Stmt s = hi::For::make(op->name, min, end - min, op->for_type, op->partition_policy,
                           op->device_api, simplify_within_range(body, op->name, needed));
    s = let(end,
            needed.has_upper_bound() ? Halide::clamp(needed.max + 1, min, old_end)
                                     : op->min + op->extent,
            s);
    s = let(min, needed.has_lower_bound() ? Halide::clamp(needed.min, op->min, old_end) : op->min,
            s);
    s = let(old_end, op->min + op->extent, s);
    return hi::simplify(s);
}

class TrimLoops : public hi::IRMutator {
    using IRMutator::visit;

    Stmt visit(const hi::For* op) override {
        const Stmt body = mutate(op->body);
        NoOpCondition no_op;
        body.accept(&no_op);
        const Expr condition =
            hi::is_const(no_op.condition)
                ? no_op.condition
                : hi::simplify(hi::common_subexpression_elimination(no_op.condition));
        if (hi::is_const_one(condition)) {
            return hi::Evaluate::make(0);
        }
        const Interval needed = hi::is_const_zero(condition)
                                    ? Interval::everything()
                                    : hi::solve_for_outer_interval(!condition, op->name);
        if (needed.is_empty()) {
            return hi::Evaluate::make(0);
        }
        if (!needed.is_everything()) {
            return trimmed(op, body, needed);
        }
        if (body.same_as(op->body)) {
            return op;
        }
        return hi::For::make(op->name, op->min, op->extent, op->for_type, op->partition_policy,
                             op->device_api, body);
    }
};

}  // namespace

Stmt trim_loops(const Stmt& statement) {
    return TrimLoops().mutate(statement);
}

}  // namespace latent::codegen
