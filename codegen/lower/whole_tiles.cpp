#include "codegen/lower/whole_tiles.h"

#include <map>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Interval;
using hi::Stmt;

namespace {

/// When no guard inside of a loop holds anything back, in any of its turns.
class WholeTurns : public hi::IRVisitor {
  public:
    WholeTurns(const hi::For* loop, bool has_loops) : turn_(loop->name), has_loops_(has_loops) {
        loops_.push_back({loop->name, turns_of(loop)});
        loop->body.accept(this);
    }

    /// A condition outside of the loop, where the loop is simple and has guards of its own.
    std::optional<Expr> condition() const {
        const bool answers = simple_ && guards_turns_ && !hi::is_const(condition_) &&
                             !hi::expr_uses_var(condition_, turn_);
        return answers ? std::optional(hi::simplify(condition_)) : std::nullopt;
    }
    /// Scratch and buffers that are read.
    const std::vector<const hi::Load*>& loads() const { return loads_; }
    bool stores_to(const std::string& name) const { return stored_.contains(name); }

  private:
    using IRVisitor::visit;

    static Interval turns_of(const hi::For* loop) {
        return {loop->min, hi::simplify(loop->min + loop->extent - 1)};
    }
    Expr with_lets(Expr value) const {
        for (const auto& [name, let] : lets_ | std::views::reverse) {
            if (hi::expr_uses_var(value, name)) {
                value = hi::Let::make(name, let, value);
            }
        }
        return hi::substitute_in_all_lets(value);
    }

    void visit(const hi::For* op) override {
        simple_ = simple_ && (has_loops_ || op->for_type == hi::ForType::Vectorized);
        const Interval turns = turns_of(op);
        loops_.push_back({op->name, {with_lets(turns.min), with_lets(turns.max)}});
        op->body.accept(this);
        loops_.pop_back();
    }
    void visit(const hi::LetStmt* op) override {
        lets_.emplace_back(op->name, op->value);
        op->body.accept(this);
        lets_.pop_back();
    }
    void visit(const hi::IfThenElse* op) override {
        simple_ = simple_ && !op->else_case.defined() && hi::is_pure(op->condition);
        if (!simple_) {
            return;
        }
        Expr guard = with_lets(hi::remove_likelies(op->condition));
        guards_turns_ = guards_turns_ || hi::expr_uses_var(guard, turn_);
        for (const auto& [name, values] : loops_ | std::views::reverse) {
            hi::Scope<Interval> varying;
            varying.push(name, values);
            guard = hi::and_condition_over_domain(hi::simplify(guard), varying);
        }
        condition_ = condition_ && guard;
        op->then_case.accept(this);
    }
    void visit(const hi::Load* op) override {
        loads_.push_back(op);
        IRVisitor::visit(op);
    }
    void visit(const hi::Store* op) override {
        stored_.insert(op->name);
        IRVisitor::visit(op);
    }
    void visit(const hi::Provide*) override { simple_ = false; }
    void visit(const hi::Atomic*) override { simple_ = false; }

    std::string turn_;
    bool has_loops_;  ///< which are not simple, but for those of vectors, inside of the loop
    bool simple_ = true;
    bool guards_turns_ = false;
    Expr condition_ = hi::const_true();
    std::vector<std::pair<std::string, Interval>> loops_;  ///< outermost first
    std::vector<std::pair<std::string, Expr>> lets_;
    std::vector<const hi::Load*> loads_;
    std::set<std::string> stored_;
};

class RemoveGuards : public hi::IRMutator {
    using IRMutator::visit;
    Stmt visit(const hi::IfThenElse* op) override { return mutate(op->then_case); }
};

/// Puts values in the place of their names, which hide that what a loop reads follows each other
/// from turn to turn.
class WithoutLets : public hi::IRMutator {
    using IRMutator::visit;
    Stmt visit(const hi::LetStmt* op) override {
        return mutate(hi::substitute(op->name, op->value, op->body));
    }
};

/// Reads copies of scratch instead of it.
class ReadCopies : public hi::IRMutator {
  public:
    explicit ReadCopies(const std::map<std::string, std::string>& copies) : copies_(copies) {}

  private:
    using IRMutator::visit;
    Expr visit(const hi::Load* op) override {
        const auto copy = copies_.find(op->name);
        return copy == copies_.end()
                   ? IRMutator::visit(op)
                   : hi::Load::make(op->type, copy->second, mutate(op->index), op->image, op->param,
                                    mutate(op->predicate), op->alignment);
    }
    const std::map<std::string, std::string>& copies_;
};

class UnrollWholeTiles : public hi::IRMutator {
    using IRMutator::visit;

    Stmt visit(const hi::Allocate* op) override {
        scratch_[op->name] = op;
        Stmt result = IRMutator::visit(op);
        scratch_.erase(op->name);
        return result;
    }

    Stmt visit(const hi::For* op) override {
        const bool is_unrolled = op->for_type == hi::ForType::Unrolled &&
                                 op->name.ends_with(std::string(".") + whole_tile_loop);
        const bool has_blocks = op->name.ends_with(std::string(".") + whole_blocks_loop);
        if (!is_unrolled && !has_blocks) {
            return IRMutator::visit(op);
        }
        const WholeTurns turns(op, has_blocks);
        const std::optional<Expr> condition = turns.condition();
        if (!condition) {
            return IRMutator::visit(op);
        }
        const auto loop = [&](hi::ForType type, const Stmt& body) {
            return hi::For::make(op->name, op->min, op->extent, type, op->partition_policy,
                                 op->device_api, body);
        };
        if (has_blocks) {
            return hi::IfThenElse::make(*condition,
                                        loop(op->for_type, RemoveGuards().mutate(op->body)), op);
        }
        return hi::IfThenElse::make(
            *condition, loop(hi::ForType::Unrolled, RemoveGuards().mutate(op->body)),
            with_copies(turns, loop(hi::ForType::Serial, WithoutLets().mutate(op->body))));
    }

    /// A loop that is not unrolled reads scratch at places that it computes, which would keep what
    /// is there from staying in registers: so it reads a copy.
    Stmt with_copies(const WholeTurns& turns, const Stmt& loop) const {
        std::map<std::string, std::string> copies;
        for (const hi::Load* load : turns.loads()) {
            const auto found = scratch_.find(load->name);
            if (found != scratch_.end() && !turns.stores_to(load->name) &&
                found->second->memory_type == Halide::MemoryType::Stack &&
                found->second->constant_allocation_size() > 0) {
                copies.try_emplace(load->name, hi::unique_name(load->name + "_copy"));
            }
        }
        Stmt result = ReadCopies(copies).mutate(loop);
        for (const auto& [name, copy] : copies) {
            const hi::Allocate* original = scratch_.at(name);
            const Halide::Type type = original->type.element_of();
            const std::int32_t elements = original->constant_allocation_size();
            std::vector<Stmt> statements;
            constexpr int bytes = 64;
            for (std::int32_t at = 0; at < elements;) {
                const int lanes = std::min(elements - at, std::max(1, bytes / type.bytes()));
                const Expr place = lanes > 1 ? hi::Ramp::make(Expr(at), 1, lanes) : Expr(at);
                const Expr always = hi::const_true(lanes);
                const Expr value = hi::Load::make(type.with_lanes(lanes), name, place, {}, {},
                                                  always, hi::ModulusRemainder());
                statements.push_back(
                    hi::Store::make(copy, value, place, {}, always, hi::ModulusRemainder()));
                at += lanes;
            }
            statements.push_back(result);
            result = hi::Allocate::make(copy, type, Halide::MemoryType::Stack, {elements},
                                        hi::const_true(), hi::Block::make(statements));
        }
        return result;
    }

    std::map<std::string, const hi::Allocate*> scratch_;
};

}  // namespace

Stmt unroll_whole_tiles(const Stmt& statement) {
    return UnrollWholeTiles().mutate(statement);
}

}  // namespace latent::codegen
