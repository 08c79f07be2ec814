#include "codegen/lower/prefetches.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "codegen/lower/hold_sums.h"
#include "codegen/lower/index_distance.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Internal::Call;
using Halide::Internal::Load;
using Halide::Internal::Ramp;
using Halide::Internal::Stmt;
using Halide::Internal::Store;

namespace {

constexpr auto marker = "latent_with_prefetch";

/// The loads that an expression asks to be prefetched.
class AskedLoads : public Halide::Internal::IRVisitor {
  public:
    explicit AskedLoads(const Expr& value) { value.accept(this); }

    std::vector<Expr> loads;

  private:
    using IRVisitor::visit;

    void visit(const Call* call) override {
        if (call->name != marker) {
            return IRVisitor::visit(call);
        }
        const bool outside = std::exchange(is_asked_, true);
        call->args[1].accept(this);
        is_asked_ = outside;
    }
    void visit(const Load* load) override {
        const bool is_in_row = load->index.type().is_scalar() || load->index.as<Ramp>() != nullptr;
        if (is_asked_ && is_in_row) {
            loads.emplace_back(load);
        }
    }

    bool is_asked_ = false;
};

/// Takes each value that asks for a prefetch for itself.
class TakeValues : public Halide::Internal::IRMutator {
  private:
    using IRMutator::visit;

    Expr visit(const Call* call) override {
        return call->name == marker ? call->args[0] : IRMutator::visit(call);
    }
};

/// The first element that is loaded.
Expr first_index(const Expr& load) {
    const Expr& index = load.as<Load>()->index;
    const auto* ramp = index.as<Ramp>();
    return ramp == nullptr ? index : ramp->base;
}

Stmt prefetch(const Expr& load) {
    return prefetch(load.as<Load>()->name, first_index(load), load.type().bytes(),
                    PrefetchFor::reading);
}

/// Whether the cache line after the begin of one load holds the begin of another.
bool is_in_line(const Expr& load, const Expr& other) {
    constexpr std::int64_t line_bytes = 64;
    if (load.as<Load>()->name != other.as<Load>()->name) {
        return false;
    }
    const auto elements = index_distance(first_index(load), first_index(other));
    return elements && *elements >= 0 && *elements * load.type().bytes() < line_bytes;
}

/// Puts the prefetches of a loop's turn before the first store that asks for them.
class InsertPrefetches : public Halide::Internal::IRMutator {
  private:
    using IRMutator::visit;

    Stmt visit(const Halide::Internal::For* loop) override {
        std::vector<Expr> outside = std::exchange(inserted_, {});
        Stmt result = IRMutator::visit(loop);
        const bool prefetches = !inserted_.empty();
        inserted_ = std::move(outside);
        return prefetches ? hold_sums(result) : result;
    }

    /// Where the value is named before it is stored, it is all that is taken.
    Expr visit(const Call* call) override {
        return call->name == marker ? mutate(call->args[0]) : IRMutator::visit(call);
    }

    Stmt visit(const Store* store) override {
        if (AskedLoads(store->value).loads.empty()) {
            return IRMutator::visit(store);
        }
        // Names that only the value knows mean nothing before it.
        const Expr value = Halide::Internal::substitute_in_all_lets(store->value);
        Stmt result = Store::make(store->name, TakeValues().mutate(value), store->index,
                                  store->param, store->predicate, store->alignment);
        for (const Expr& load : AskedLoads(value).loads) {
            const bool is_inserted = std::ranges::any_of(
                inserted_, [&](const Expr& other) { return is_in_line(load, other); });
            if (!is_inserted) {
                inserted_.push_back(load);
                result = Halide::Internal::Block::make(prefetch(load), result);
            }
        }
        return result;
    }

    /// In the turn of the loop at hand.
    std::vector<Expr> inserted_;
};

}  // namespace

Stmt prefetch(const std::string& buffer, const Expr& index, int bytes, PrefetchFor use) {
    const Expr begin = Halide::Internal::Variable::make(Halide::Handle(), buffer);
    const Expr address = Halide::reinterpret<std::uint64_t>(begin) +
                         Halide::cast<std::uint64_t>(Halide::cast<std::int64_t>(index) * bytes);
    // LLVM's intrinsic function: whether to write, the closest of four localities or the second,
    // data.
    const bool writes = use == PrefetchFor::writing;
    return Halide::Internal::Evaluate::make(Call::make(
        Halide::Int(32), "llvm.prefetch.p0",
        {Halide::reinterpret(Halide::Handle(), address), writes ? 1 : 0, writes ? 3 : 2, 1},
        Call::Extern));
}

Expr with_prefetch(const Expr& value, const Expr& later) {
    return Call::make(value.type(), marker, {value, later}, Call::PureExtern);
}

Stmt insert_prefetches(const Stmt& statement) {
    return InsertPrefetches().mutate(statement);
}

}  // namespace latent::codegen
