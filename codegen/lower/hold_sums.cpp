#include "codegen/lower/hold_sums.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "codegen/lower/index_distance.h"
#include "codegen/lower/share_values.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Internal::Block;
using Halide::Internal::const_true;
using Halide::Internal::For;
using Halide::Internal::is_const_one;
using Halide::Internal::LetStmt;
using Halide::Internal::Load;
using Halide::Internal::ModulusRemainder;
using Halide::Internal::Ramp;
using Halide::Internal::Stmt;
using Halide::Internal::Store;

namespace {

/// In the names of copies.
constexpr const char* held = "_held";

/// Fewer vectors of a tile stay in registers anyway.
constexpr std::size_t least_vectors = 6;

/// Whether vectors at these places have no element in common.
bool are_apart(const Expr& a, const Expr& b) {
    const auto* first = a.as<Ramp>();
    const auto* second = b.as<Ramp>();
    if (first == nullptr || second == nullptr || !is_const_one(first->stride) ||
        !is_const_one(second->stride)) {
        return false;
    }
    const auto distance = index_distance(first->base, second->base);
    return distance && std::abs(*distance) >= std::max(first->lanes, second->lanes);
}

/// What a loop adds to: vectors of one buffer.
class Sums : public Halide::Internal::IRVisitor {
  public:
    explicit Sums(const Stmt& loop) { loop.accept(this); }
    explicit Sums(const For* loop) { loop->accept(this); }

    /// Nothing else of the buffer is read or written, and each turn has the same vectors.
    bool can_be_held() const {
        return can_be_held_ && !places_.empty() &&
               std::ranges::all_of(loads_, [this](const Load* load) {
                   return load->name != buffer_ || number(load->index) < places_.size();
               });
    }
    const std::string& buffer() const { return buffer_; }
    Halide::Type type() const { return type_; }
    const std::vector<Expr>& places() const { return places_; }

    /// The number of the vector at `place`, if it is one.
    std::size_t number(const Expr& place) const {
        const auto found = std::ranges::find_if(
            places_, [&](const Expr& other) { return Halide::Internal::equal(place, other); });
        return static_cast<std::size_t>(found - places_.begin());
    }

  private:
    using IRVisitor::visit;

    void visit(const For* loop) override {
        const Halide::Internal::ScopedBinding<void> bound(inside_, loop->name);
        IRVisitor::visit(loop);
    }
    void visit(const LetStmt* let) override {
        const Halide::Internal::ScopedBinding<void> bound(inside_, let->name);
        IRVisitor::visit(let);
    }
    void visit(const Load* load) override {
        IRVisitor::visit(load);
        loads_.push_back(load);
    }
    void visit(const Store* store) override {
        if (!can_be_held_) {
            return;
        }
        IRVisitor::visit(store);
        const auto* ramp = store->index.as<Ramp>();
        const bool first = places_.empty();
        buffer_ = first ? store->name : buffer_;
        type_ = first ? store->value.type() : type_;
        can_be_held_ = can_be_held_ && store->name == buffer_ && store->value.type() == type_ &&
                       ramp != nullptr && is_const_one(ramp->stride) &&
                       is_const_one(store->predicate) &&
                       !Halide::Internal::expr_uses_vars(store->index, inside_);
        if (can_be_held_ && number(store->index) == places_.size()) {
            can_be_held_ = std::ranges::all_of(
                places_, [&](const Expr& other) { return are_apart(store->index, other); });
            places_.push_back(store->index);
        }
    }
    void visit(const Halide::Internal::Allocate* allocation) override {
        const Halide::Internal::ScopedBinding<void> bound(inside_, allocation->name);
        IRVisitor::visit(allocation);
        can_be_held_ = can_be_held_ && allocation->name != buffer_;
    }

    std::string buffer_;
    Halide::Type type_;
    std::vector<Expr> places_;
    std::vector<const Load*> loads_;
    Halide::Internal::Scope<void> inside_;  ///< names that stand for something else in each turn
    bool can_be_held_ = true;
};

/// Stores of constants, with nothing between them and what comes next.
class Constants {
  public:
    void add(const Store* store) { stores_.push_back(store); }

    /// What was stored there last, if it is known.
    Expr value(const std::string& buffer, const Expr& place) const {
        for (const Store* store : stores_ | std::views::reverse) {
            if (store->name == buffer && Halide::Internal::equal(store->index, place)) {
                return store->value;
            }
            if (store->name == buffer && !are_apart(store->index, place)) {
                break;
            }
        }
        return {};
    }
    /// The stores to places of the sums that are known.
    std::vector<const Store*> stores(const Sums& sums) const {
        std::vector<const Store*> found;
        std::ranges::copy_if(stores_, std::back_inserter(found), [&](const Store* store) {
            return store->name == sums.buffer() &&
                   sums.number(store->index) < sums.places().size() &&
                   value(store->name, store->index).defined();
        });
        return found;
    }

  private:
    std::vector<const Store*> stores_;
};

/// Adds to the copy instead of the buffer.
class HoldSums : public Halide::Internal::IRMutator {
  public:
    explicit HoldSums(const Sums& sums)
        : sums_(sums), copy_(Halide::Internal::unique_name(sums.buffer() + held)) {}

    Stmt hold(const Stmt& loop, const Constants& before = {}) {
        Stmt result = mutate(loop);
        for (std::size_t i = sums_.places().size(); i-- > 0;) {
            const Expr& place = sums_.places()[i];
            const Expr constant = before.value(sums_.buffer(), place);
            const Expr first = constant.defined() ? constant : load(sums_.buffer(), place);
            result = Block::make({store(copy_, first, in_copy(i)), result,
                                  store(sums_.buffer(), load(copy_, in_copy(i)), place)});
        }
        const auto elements = static_cast<int>(sums_.places().size()) * sums_.type().lanes();
        return Halide::Internal::Allocate::make(copy_, sums_.type().element_of(),
                                                Halide::MemoryType::Stack, {elements}, const_true(),
                                                result);
    }

  private:
    using IRMutator::visit;

    Stmt visit(const Store* op) override {
        return op->name == sums_.buffer()
                   ? store(copy_, mutate(op->value), in_copy(sums_.number(op->index)))
                   : IRMutator::visit(op);
    }
    Expr visit(const Load* op) override {
        return op->name == sums_.buffer() ? load(copy_, in_copy(sums_.number(op->index)))
                                          : IRMutator::visit(op);
    }

    Expr in_copy(std::size_t number) const {
        const int lanes = sums_.type().lanes();
        return Ramp::make(static_cast<int>(number) * lanes, 1, lanes);
    }
    Expr load(const std::string& buffer, const Expr& index) const {
        return Load::make(sums_.type(), buffer, index, {}, {}, const_true(index.type().lanes()),
                          ModulusRemainder());
    }
    static Stmt store(const std::string& buffer, const Expr& value, const Expr& index) {
        return Store::make(buffer, value, index, {}, const_true(index.type().lanes()),
                           ModulusRemainder());
    }

    const Sums& sums_;
    std::string copy_;
};

bool are_tile(const Sums& sums, const Halide::Internal::Scope<void>& on_stack) {
    return sums.can_be_held() && sums.places().size() >= least_vectors &&
           on_stack.contains(sums.buffer());
}

/// Holds the sums of the outermost loops that add to nothing but a buffer of the stack.
class HoldTiles : public Halide::Internal::IRMutator {
  private:
    using IRMutator::visit;

    Stmt visit(const Halide::Internal::Allocate* allocation) override {
        const bool is_copy = allocation->name.find(held) != std::string::npos;
        if (allocation->memory_type != Halide::MemoryType::Stack || is_copy) {
            return IRMutator::visit(allocation);
        }
        const Halide::Internal::ScopedBinding<void> bound(on_stack_, allocation->name);
        return IRMutator::visit(allocation);
    }

    Stmt visit(const Block* block) override {
        const auto* store = block->first.as<Store>();
        Stmt first = block->first;
        if (store != nullptr && is_constant_on_stack(store)) {
            constants_.add(store);
        } else {
            first = after_constants(first);
            constants_ = {};
        }
        const Stmt rest = after_constants(block->rest);
        // Once: the same node may stand elsewhere too.
        return store != nullptr && overwritten_.erase(store) > 0 ? rest : Block::make(first, rest);
    }

    Stmt visit(const For* loop) override {
        const Constants before = std::exchange(constants_, {});
        if (!are_tile(Sums(loop), on_stack_)) {
            return IRMutator::visit(loop);
        }
        // Places are told by how they are written, which may be another way where values are
        // shared.
        const Stmt shared = share_values(loop);
        const Sums sums(shared);
        return are_tile(sums, on_stack_) ? hold(sums, shared, before)
                                         : hold(Sums(loop), loop, before);
    }

    Stmt hold(const Sums& sums, const Stmt& loop, const Constants& before) {
        const std::vector<const Store*> stores = before.stores(sums);
        overwritten_.insert(stores.begin(), stores.end());
        return HoldSums(sums).hold(loop, before);
    }

    /// Only a loop and further stores know what was stored before.
    Stmt after_constants(const Stmt& statement) {
        if (statement.as<Block>() == nullptr && statement.as<For>() == nullptr) {
            constants_ = {};
        }
        return mutate(statement);
    }

    bool is_constant_on_stack(const Store* store) const {
        return on_stack_.contains(store->name) && Halide::Internal::is_const(store->value) &&
               is_const_one(store->predicate);
    }

    Halide::Internal::Scope<void> on_stack_;
    Constants constants_;
    std::set<const Store*> overwritten_;  ///< by sums, before anything reads them
};

}  // namespace

Stmt hold_tiles(const Stmt& statement) {
    return HoldTiles().mutate(statement);
}

Stmt hold_sums(const Stmt& loop, const Halide::Internal::Scope<void>& on_stack) {
    const Sums sums(loop);
    return sums.can_be_held() && !are_tile(sums, on_stack) ? HoldSums(sums).hold(loop) : loop;
}

}  // namespace latent::codegen
