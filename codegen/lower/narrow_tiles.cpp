#include "codegen/lower/narrow_tiles.h"

#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "codegen/lower/contains.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Stmt;

namespace {

constexpr auto marker = "latent_in_tile";

/// What a statement says about the tile that it adds to.
class Tile : public hi::IRVisitor {
  public:
    explicit Tile(const Stmt& statement) { statement.accept(this); }

    bool is_found() const { return is_narrow_.defined(); }
    /// Whether it is narrow, if that is the same in all turns of the loops in the statement.
    std::optional<Expr> is_narrow() const {
        return hi::expr_uses_vars(is_narrow_, turns_) ? std::nullopt : std::optional(is_narrow_);
    }
    /// The loop over its vectors, if it can be halved.
    const std::string& vectors() const { return vectors_; }

  private:
    using IRVisitor::visit;

    Expr without_lets(Expr value) const {
        for (const auto& [name, let] : lets_ | std::views::reverse) {
            value = hi::substitute(name, let, value);
        }
        return hi::substitute_in_all_lets(value);
    }

    void visit(const hi::For* loop) override {
        if (hi::is_const_one(loop->extent)) {
            lets_.emplace_back(loop->name, loop->min);
            IRVisitor::visit(loop);
            lets_.pop_back();
            return;
        }
        turns_.push(loop->name);
        loops_.push_back(loop);
        IRVisitor::visit(loop);
        loops_.pop_back();
    }
    void visit(const hi::LetStmt* let) override {
        lets_.emplace_back(let->name, let->value);
        IRVisitor::visit(let);
        lets_.pop_back();
    }
    void visit(const hi::Let* let) override {
        lets_.emplace_back(let->name, let->value);
        IRVisitor::visit(let);
        lets_.pop_back();
    }
    void visit(const hi::Call* call) override {
        IRVisitor::visit(call);
        if (call->name != marker) {
            return;
        }
        is_narrow_ = without_lets(call->args[1]);
        const Expr column = without_lets(call->args[2]);
        for (const hi::For* loop : loops_) {
            const auto turns = hi::as_const_int(loop->extent);
            if (loop->for_type == hi::ForType::Unrolled && turns && *turns >= 2 &&
                hi::expr_uses_var(column, loop->name)) {
                vectors_ = loop->name;
            }
        }
    }

    Expr is_narrow_;
    std::string vectors_;
    hi::Scope<void> turns_;
    std::vector<const hi::For*> loops_;
    std::vector<std::pair<std::string, Expr>> lets_;
};

/// Takes each term for itself.
class TakeTerms : public hi::IRMutator {
    using IRMutator::visit;
    Expr visit(const hi::Call* call) override {
        return call->name == marker ? mutate(call->args[0]) : IRMutator::visit(call);
    }
};

/// Half of the turns of a loop over the vectors of a tile.
class TakeTurns : public hi::IRMutator {
  public:
    enum class Half : std::uint8_t { first, second };
    TakeTurns(const std::string& loop, Half half) : loop_(loop), half_(half) {}

  private:
    using IRMutator::visit;
    Stmt visit(const hi::For* loop) override {
        if (loop->name != loop_) {
            return IRMutator::visit(loop);
        }
        const auto turns = static_cast<int>(*hi::as_const_int(loop->extent));
        const int first = turns / 2;
        const Expr begin = half_ == Half::first ? loop->min : loop->min + first;
        const int taken = half_ == Half::first ? first : turns - first;
        return taken == 1 ? hi::LetStmt::make(loop->name, begin, loop->body)
                          : hi::For::make(loop->name, begin, taken, loop->for_type,
                                          loop->partition_policy, loop->device_api, loop->body);
    }
    const std::string& loop_;
    Half half_;
};

/// Sums the first half of a tile. What is not summed is set to zero last: were all of it set first,
/// as a whole tile is, both would be one statement ahead of the branch, and LLVM would store the
/// zeros of whole tiles in memory too.
class SumHalf : public hi::IRMutator {
  public:
    explicit SumHalf(const std::string& vectors) : sums_(vectors), zeros_(vectors) {
        const std::string update = ".s1.";
        if (const std::size_t stage = zeros_.find(update); stage != std::string::npos) {
            zeros_.replace(stage, update.size(), ".s0.");
        }
    }
    Stmt sum(const Stmt& tile) {
        return TakeTurns(sums_, TakeTurns::Half::first).mutate(mutate(tile));
    }

  private:
    using IRMutator::visit;
    Stmt visit(const hi::Block* block) override {
        const Stmt half = TakeTurns(zeros_, TakeTurns::Half::first).mutate(block->first);
        if (half.same_as(block->first)) {
            return IRMutator::visit(block);
        }
        return hi::Block::make(
            {half, block->rest, TakeTurns(zeros_, TakeTurns::Half::second).mutate(block->first)});
    }

    const std::string& sums_;
    std::string zeros_;
};

/// Branches around as much of what computes a tile as is one tile's.
class NarrowTiles : public hi::IRMutator {
    using IRMutator::visit;

    Stmt visit(const hi::ProducerConsumer* op) override {
        if (!op->is_producer) {
            return IRMutator::visit(op);
        }
        const std::string outside = std::exchange(sum_, op->name);
        const std::optional<Stmt> branch = branched(op->body);
        Stmt result =
            branch ? hi::ProducerConsumer::make_produce(op->name, *branch) : IRMutator::visit(op);
        sum_ = outside;
        return result;
    }
    Stmt visit(const hi::For* loop) override {
        const std::optional<Stmt> branch = branched(loop);
        return branch ? *branch : IRMutator::visit(loop);
    }

    /// Nothing where the statement computes more than tiles.
    std::optional<Stmt> branched(const Stmt& statement) const {
        if (contains<hi::ProducerConsumer>(statement) || sum_.empty()) {
            return std::nullopt;
        }
        const Tile tile(statement);
        if (!tile.is_found() || !tile.is_narrow() || tile.vectors().empty()) {
            return std::nullopt;
        }
        const Stmt whole = TakeTerms().mutate(statement);
        return hi::IfThenElse::make(*tile.is_narrow(), SumHalf(tile.vectors()).sum(whole), whole);
    }

    std::string sum_;  ///< what is produced
};

}  // namespace

Expr in_tile(const Expr& term, const Expr& is_narrow, const Expr& tile_column) {
    return hi::Call::make(term.type(), marker, {term, is_narrow, tile_column},
                          hi::Call::PureExtern);
}

Stmt narrow_tiles(const Stmt& statement) {
    return TakeTerms().mutate(NarrowTiles().mutate(statement));
}

}  // namespace latent::codegen
