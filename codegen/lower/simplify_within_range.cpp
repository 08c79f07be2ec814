#include "codegen/lower/simplify_within_range.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Interval;
using hi::Stmt;

namespace {

/// How many ranges a comparison is looked at over. Of 3183 in the kernels of the benchmarks' models
/// two or fewer decide all that are decided but one, and the others took two thirds of the time.
constexpr std::size_t most_ranges = 2;

/// The values that a variable takes.
struct VariableRange {
    std::string name;
    Interval values;
    std::set<std::string> variables;  ///< in the bounds
};

/// Whether a comparison always holds, and for which ranges that was found. Copies of a loop have
/// variables of one name.
struct RangeAnswer {
    bool is_true = false;
    std::vector<VariableRange> ranges;
};

class Variables : public hi::IRGraphVisitor {
  public:
    std::set<std::string> names;

  private:
    using IRGraphVisitor::visit;
    void visit(const hi::Variable* op) override { names.insert(op->name); }
};

std::set<std::string> variables_of(std::initializer_list<Expr> expressions) {
    Variables variables;
    for (const Expr& expression : expressions) {
        expression.accept(&variables);
    }
    return std::move(variables.names);
}

class SimplifyWithinRange : public hi::IRMutator {
  public:
    SimplifyWithinRange(const std::string& loop, const Interval& range) { enter(loop, range); }

  private:
    std::vector<VariableRange> ranges_;  ///< that of the loop first
    std::map<Expr, RangeAnswer, hi::IRDeepCompare> answers_;

    using IRMutator::visit;

    void enter(const std::string& name, const Interval& values) {
        ranges_.push_back({name, values, variables_of({values.min, values.max})});
    }
    bool is_known(const VariableRange& range) const {
        const auto found =
            std::find_if(ranges_.rbegin(), ranges_.rend(),
                         [&](const VariableRange& known) { return known.name == range.name; });
        return found != ranges_.rend() && hi::equal(found->values.min, range.values.min) &&
               hi::equal(found->values.max, range.values.max);
    }

    /// Whether the range of the loop is among those that `test` is looked at over. What others
    /// decide has nothing to do with it.
    bool meets_loop(const Expr& test) const {
        std::set<std::string> names = variables_of({test});
        std::size_t met = 0;
        for (auto range = ranges_.rbegin(); range != ranges_.rend() && met < most_ranges; ++range) {
            if (names.contains(range->name)) {
                if (&*range == &ranges_.front()) {
                    return true;
                }
                names.insert(range->variables.begin(), range->variables.end());
                ++met;
            }
        }
        return false;
    }
    bool is_true(const Expr& test) {
        const auto [found, added] = answers_.try_emplace(test);
        RangeAnswer& answer = found->second;
        if (added || !std::all_of(answer.ranges.begin(), answer.ranges.end(),
                                  [&](const VariableRange& range) { return is_known(range); })) {
            answer = prove(test);
        }
        return answer.is_true;
    }
    RangeAnswer prove(Expr test) const {
        RangeAnswer answer;
        for (auto range = ranges_.rbegin();
             range != ranges_.rend() && !hi::is_const(test) && answer.ranges.size() < most_ranges;
             ++range) {
            if (hi::expr_uses_var(test, range->name)) {
                test = hi::simplify(over(*range, test));
                answer.ranges.push_back(*range);
            }
        }
        answer.is_true = hi::is_const_one(test);
        return answer;
    }
    /// A condition without the variable that implies `test` for all values of it.
    static Expr over(const VariableRange& range, const Expr& test) {
        const auto at = [&](const Expr& value) { return hi::Let::make(range.name, value, test); };
        const Interval& values = range.values;
        if (values.is_single_point() ||
            (values.is_bounded() && hi::can_prove(values.min == values.max))) {
            return hi::common_subexpression_elimination(at(values.min));
        }
        if (values.is_bounded() && hi::can_prove(values.min >= values.max)) {
            return hi::common_subexpression_elimination(at(values.min) || at(values.max));
        }
        const hi::SolverResult solved = hi::solve_expression(test, range.name);
        hi::Scope<Interval> scope;
        scope.push(range.name, values);
        return hi::and_condition_over_domain(solved.fully_solved ? solved.result : test, scope);
    }

    template <typename Comparison>
    Expr visit_comparison(const Comparison* op) {
        Expr comparison = IRMutator::visit(op);
        if (!meets_loop(comparison)) {
            return comparison;
        }
        if (is_true(comparison)) {
            return hi::make_one(op->type);
        }
        return is_true(!comparison) ? hi::make_zero(op->type) : comparison;
    }
    Expr visit(const hi::LE* op) override { return visit_comparison(op); }
    Expr visit(const hi::LT* op) override { return visit_comparison(op); }
    Expr visit(const hi::GE* op) override { return visit_comparison(op); }
    Expr visit(const hi::GT* op) override { return visit_comparison(op); }
    Expr visit(const hi::EQ* op) override { return visit_comparison(op); }
    Expr visit(const hi::NE* op) override { return visit_comparison(op); }

    template <typename Choice>
    Expr visit_choice(const Choice* op, bool smaller) {
        Expr choice = IRMutator::visit(op);
        if (!op->type.is_int() || op->type.bits() < 32 || !meets_loop(choice)) {
            return choice;
        }
        const auto* chosen = choice.as<Choice>();
        if (is_true(smaller ? chosen->a <= chosen->b : chosen->a >= chosen->b)) {
            return chosen->a;
        }
        return is_true(smaller ? chosen->b <= chosen->a : chosen->b >= chosen->a) ? chosen->b
                                                                                  : choice;
    }
    Expr visit(const hi::Min* op) override { return visit_choice(op, true); }
    Expr visit(const hi::Max* op) override { return visit_choice(op, false); }

    template <typename Let>
    auto visit_let(const Let* op) -> decltype(op->body) {
        const Expr value = mutate(op->value);
        decltype(op->body) body;
        if (value.type() == Halide::Int(32) && hi::is_pure(value)) {
            enter(op->name, {value, value});
            body = mutate(op->body);
            ranges_.pop_back();
        } else {
            body = mutate(op->body);
        }
        return Let::make(op->name, value, body);
    }
    Expr visit(const hi::Let* op) override { return visit_let(op); }
    Stmt visit(const hi::LetStmt* op) override { return visit_let(op); }
    Stmt visit(const hi::For* op) override {
        const Expr min = mutate(op->min);
        const Expr extent = mutate(op->extent);
        enter(op->name, {min, min + extent - 1});
        const Stmt body = mutate(op->body);
        ranges_.pop_back();
        return hi::For::make(op->name, min, extent, op->for_type, op->partition_policy,
                             op->device_api, body);
    }
};

}  // namespace

Stmt simplify_within_range(const Stmt& body, const std::string& loop, const Interval& range) {
    return SimplifyWithinRange(loop, range).mutate(body);
}

}  // namespace latent::codegen
