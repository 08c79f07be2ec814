#include "codegen/lower/share_values.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <ranges>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Stmt;

namespace {

using Names = std::set<std::string>;

/// Writes nothing but its buffer, if that.
bool is_simple(const Stmt& statement) {
    if (const auto* evaluate = statement.as<hi::Evaluate>()) {
        const auto* call = evaluate->value.as<hi::Call>();
        return call != nullptr && std::string_view(call->name).starts_with("llvm.prefetch");
    }
    return statement.as<hi::Store>() != nullptr;
}

Names stored_by(std::span<const Stmt> statements) {
    Names stored;
    for (const Stmt& statement : statements) {
        if (const auto* store = statement.as<hi::Store>()) {
            stored.insert(store->name);
        }
    }
    return stored;
}

/// Adds the variables of an expression.
void add_variables(const Expr& value, Names& names) {
    class Variables : public hi::IRGraphVisitor {
      public:
        explicit Variables(Names& names) : names_(names) {}

      private:
        using IRGraphVisitor::visit;
        void visit(const hi::Variable* variable) override { names_.insert(variable->name); }
        Names& names_;
    } visitor(names);
    value.accept(&visitor);
}

/// Whether an expression has the same value anywhere among statements that store to some buffers.
bool is_the_same(const Expr& value, const Names& stored) {
    class Search : public hi::IRGraphVisitor {
      public:
        explicit Search(const Names& stored) : stored_(stored) {}
        bool same = true;

      private:
        using IRGraphVisitor::visit;
        void visit(const hi::Load* load) override {
            same = same && !stored_.contains(load->name);
            IRGraphVisitor::visit(load);
        }
        void visit(const hi::Call* call) override {
            same = same && call->is_pure();
            IRGraphVisitor::visit(call);
        }
        const Names& stored_;
    } search(stored);
    value.accept(&search);
    return search.same;
}

/// Puts names in the place of what is the same anywhere among some statements.
class TakeValues : public hi::IRMutator {
  public:
    explicit TakeValues(const Names& stored) : stored_(stored) {}

    const std::vector<Expr>& values() const { return values_; }
    const std::vector<std::string>& names() const { return names_; }

    using IRMutator::mutate;
    Expr mutate(const Expr& value) override {
        const bool is_short = value.as<hi::Variable>() != nullptr || hi::is_const(value);
        // How a vector is loaded is seen from its index.
        if (is_short || value.as<hi::Ramp>() != nullptr || !is_the_same(value, stored_)) {
            return is_short ? value : IRMutator::mutate(value);
        }
        values_.push_back(value);
        names_.push_back(hi::unique_name("shared"));
        return hi::Variable::make(value.type(), names_.back());
    }

  private:
    const Names& stored_;
    std::vector<Expr> values_;
    std::vector<std::string> names_;
};

using Lets = std::vector<std::pair<std::string, Expr>>;

/// Expressions, in which names stand for what several of them have in common.
struct SharedValues {
    explicit SharedValues(const std::vector<Expr>& expressions) {
        Expr all = hi::common_subexpression_elimination(hi::Call::make(
            Halide::Int(32), hi::Call::bundle, expressions, hi::Call::PureIntrinsic));
        while (const auto* let = all.as<hi::Let>()) {
            lets.emplace_back(let->name, let->value);
            all = let->body;
        }
        values = all.as<hi::Call>()->args;
    }

    /// Those lets that some names need and that are not `known` yet, in order; then they are.
    Lets needed(Names names, Names& known) const {
        for (const auto& [name, value] : lets | std::views::reverse) {
            if (names.contains(name)) {
                add_variables(value, names);
            }
        }
        Lets result;
        for (const auto& let : lets) {
            if (names.contains(let.first) && known.insert(let.first).second) {
                result.push_back(let);
            }
        }
        return result;
    }

    Lets lets;
    std::vector<Expr> values;
};

/// Simple statements, with what they share computed before the first that needs it.
Stmt shared(std::span<const Stmt> statements) {
    const Names stored = stored_by(statements);
    TakeValues take(stored);
    std::vector<Stmt> results;
    std::vector<std::size_t> ends;  // of the values of each statement
    for (const Stmt& statement : statements) {
        // Names that only one statement knows hide what is alike.
        results.push_back(take.mutate(hi::substitute_in_all_lets(statement)));
        ends.push_back(take.values().size());
    }
    const SharedValues shared(take.values());
    Names known;
    std::vector<Lets> before;
    std::size_t value = 0;
    for (std::size_t i = 0; i < results.size(); ++i) {
        std::map<std::string, Expr> values;
        Names names;
        for (; value < ends[i]; ++value) {
            values.emplace(take.names()[value], shared.values[value]);
            add_variables(shared.values[value], names);
        }
        results[i] = hi::substitute(values, results[i]);
        before.push_back(shared.needed(std::move(names), known));
    }
    Stmt all;
    for (std::size_t i = results.size(); i-- > 0;) {
        all = all.defined() ? hi::Block::make(results[i], all) : results[i];
        for (const auto& [name, let] : before[i] | std::views::reverse) {
            all = hi::LetStmt::make(name, let, all);
        }
    }
    return all;
}

class ShareValues : public hi::IRMutator {
    using IRMutator::visit;

    Stmt visit(const hi::Block* block) override {
        std::vector<Stmt> statements{block->first};
        Stmt rest = block->rest;
        for (; const auto* more = rest.as<hi::Block>(); rest = more->rest) {
            statements.push_back(more->first);
        }
        statements.push_back(rest);
        std::vector<Stmt> results;
        for (auto begin = statements.begin(); begin != statements.end();) {
            const auto end = std::find_if_not(begin, statements.end(), is_simple);
            if (end - begin < 2) {
                results.push_back(mutate(*begin++));
            } else {
                results.push_back(shared({begin, end}));
                begin = end;
            }
        }
        return hi::Block::make(results);
    }
};

}  // namespace

Stmt share_values(const Stmt& statement) {
    return ShareValues().mutate(statement);
}

}  // namespace latent::codegen
