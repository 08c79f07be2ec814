#include "codegen/lower/row_prefetches.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "codegen/lower/contains.h"
#include "codegen/lower/index_distance.h"
#include "codegen/lower/prefetches.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using Halide::Expr;
using hi::Stmt;

namespace {

/// The fewest operations for a vector that hide what it takes to fetch its lines.
constexpr int least_operations = 16;

/// How many elements the place of a contiguous vector moves by in each turn of a loop.
std::optional<std::int64_t> step_of(const Expr& index, const hi::For* loop) {
    const auto* ramp = index.as<hi::Ramp>();
    if (ramp == nullptr || !hi::is_const_one(ramp->stride)) {
        return std::nullopt;
    }
    const Expr next = hi::Variable::make(loop->min.type(), loop->name) + 1;
    return index_distance(hi::substitute(loop->name, next, ramp->base), ramp->base);
}

/// A row of a result that a loop stores, as many elements in each turn as the place moves by.
struct RowStore {
    std::string buffer;
    Expr begin;  ///< of the row
    int bytes;   ///< of an element
};

/// A loop without loops inside.
struct Walk {
    const hi::For* loop;
    int size = 0;           ///< of its code
    std::int64_t step = 0;  ///< elements that it takes in each turn, zero if that is not known
    std::vector<RowStore> stores;
};

/// The walks inside of a loop, in order, if they are nowhere deeper than that.
class Walks : public hi::IRVisitor {
  public:
    explicit Walks(std::span<const Halide::Parameter> results) : results_(results) {}

    std::vector<Walk> all;
    bool has_loops_in_loops = false;

  private:
    using IRVisitor::visit;

    void visit(const hi::For* loop) override {
        if (!open_.empty()) {
            has_loops_in_loops = true;
            return;
        }
        open_.push_back(Walk{.loop = loop, .stores = {}});
        IRVisitor::visit(loop);
        all.push_back(std::move(open_.back()));
        open_.pop_back();
    }

    void visit(const hi::LetStmt* let) override {
        lets_.emplace_back(let->name, let->value);
        IRVisitor::visit(let);
        lets_.pop_back();
    }

    void visit(const hi::Call* call) override {
        count();
        IRVisitor::visit(call);
    }
    void visit(const hi::Load* load) override {
        count();
        note_step(load->index);
        IRVisitor::visit(load);
    }
    void visit(const hi::Store* store) override {
        note_step(store->index);
        IRVisitor::visit(store);
        const bool is_result = std::ranges::any_of(results_, [&](const Halide::Parameter& result) {
            return result.name() == store->name;
        });
        if (open_.empty() || !is_result) {
            return;
        }
        Walk& walk = open_.back();
        const Expr index = without_lets(store->index);
        if (step_of(index, walk.loop) == store->value.type().lanes()) {
            const auto* place = index.as<hi::Ramp>();
            const Expr begin = hi::substitute(walk.loop->name, walk.loop->min, place->base);
            walk.stores.push_back({store->name, begin, store->value.type().bytes()});
        }
    }

    void note_step(const Expr& index) {
        if (!open_.empty() && open_.back().step == 0) {
            open_.back().step = step_of(without_lets(index), open_.back().loop).value_or(0);
        }
    }
    /// Names inside of a loop may depend on its variable.
    Expr without_lets(Expr value) const {
        for (auto let = lets_.rbegin(); let != lets_.rend(); ++let) {
            value = hi::substitute(let->first, let->second, value);
        }
        return value;
    }
    void count() {
        if (!open_.empty()) {
            ++open_.back().size;
        }
    }
    std::span<const Halide::Parameter> results_;
    std::vector<Walk> open_;
    std::vector<std::pair<std::string, Expr>> lets_;
};

/// Whether a loop may have many turns, so that it is one over a row.
bool is_long(const hi::For* loop) {
    return !hi::find_constant_bound(loop->extent, hi::Direction::Upper).defined();
}

class RowPrefetches : public hi::IRMutator {
  public:
    RowPrefetches(std::span<const Halide::Parameter> results,
                  const std::function<std::string(const std::string&)>& condition_of,
                  std::set<std::string>& prefetched)
        : results_(results), condition_of_(condition_of), prefetched_(prefetched) {}

  private:
    using IRMutator::visit;

    Stmt visit(const hi::For* loop) override {
        if (loop == walk_) {
            const Stmt body = hi::Block::make(prefetches(), loop->body);
            return hi::For::make(loop->name, loop->min, loop->extent, loop->for_type,
                                 loop->partition_policy, loop->device_api, body);
        }
        if (walk_ != nullptr) {
            return loop;
        }
        Walks walks(results_);
        loop->body.accept(&walks);
        if (walks.has_loops_in_loops || !choose(walks.all)) {
            return IRMutator::visit(loop);
        }
        const Stmt changed = IRMutator::visit(loop);
        walk_ = nullptr;
        return changed;
    }

    /// Whether there is a walk to ask in, and something that is stored after it.
    bool choose(const std::vector<Walk>& walks) {
        const auto largest = std::ranges::max_element(walks, {}, &Walk::size);
        if (largest == walks.end() || largest->step <= 0 || largest->size < least_operations ||
            !hi::is_const_zero(largest->loop->min) || !is_long(largest->loop)) {
            return false;
        }
        asked_.clear();
        std::set<std::string> met;
        for (auto walk = walks.begin(); walk != walks.end(); ++walk) {
            for (const RowStore& store : walk->stores) {
                if (met.insert(store.buffer).second && walk > largest &&
                    !contains<hi::Load>(store.begin)) {
                    asked_.push_back(store);
                }
            }
        }
        walk_ = asked_.empty() ? nullptr : largest->loop;
        step_ = largest->step;
        return walk_ != nullptr;
    }

    Stmt prefetches() const {
        const Expr turn = hi::Variable::make(walk_->min.type(), walk_->name);
        Stmt all;
        for (const RowStore& store : asked_) {
            prefetched_.insert(store.buffer);
            const Expr begin =
                store.begin + Halide::cast(store.begin.type(), turn * static_cast<int>(step_));
            Stmt lines;
            const Halide::Type vector = Halide::UInt(8 * store.bytes, static_cast<int>(step_));
            for (const int element : elements_to_prefetch(vector)) {
                const Stmt line =
                    prefetch(store.buffer, begin + element, store.bytes, PrefetchFor::writing);
                lines = lines.defined() ? hi::Block::make(lines, line) : line;
            }
            const Stmt guarded = hi::IfThenElse::make(
                hi::Variable::make(Halide::Bool(), condition_of_(store.buffer)), lines);
            all = all.defined() ? hi::Block::make(all, guarded) : guarded;
        }
        return all;
    }

    std::span<const Halide::Parameter> results_;
    const std::function<std::string(const std::string&)>& condition_of_;
    std::set<std::string>& prefetched_;
    const hi::For* walk_ = nullptr;  ///< in which rows are asked for, of the loop at hand
    std::int64_t step_ = 0;          ///< of that walk
    std::vector<RowStore> asked_;
};

}  // namespace

Stmt prefetch_stored_rows(const Stmt& statement, std::span<const Halide::Parameter> results,
                          const std::function<std::string(const std::string&)>& condition_of,
                          std::set<std::string>& prefetched) {
    return RowPrefetches(results, condition_of, prefetched).mutate(statement);
}

}  // namespace latent::codegen
