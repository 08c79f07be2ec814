#include "codegen/lower/prefetches.h"

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "codegen/lower/hold_sums.h"
#include "codegen/lower/index_distance.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Internal::Call;
using Halide::Internal::For;
using Halide::Internal::Load;
using Halide::Internal::Ramp;
using Halide::Internal::Stmt;
using Halide::Internal::Store;
using Halide::Internal::Variable;

namespace {

constexpr int line_bytes = 64;
constexpr auto marker = "latent_with_prefetch";

/// The first element that is loaded.
Expr first_index(const Expr& load) {
    const Expr& index = load.as<Load>()->index;
    const auto* ramp = index.as<Ramp>();
    return ramp == nullptr ? index : ramp->base;
}

bool is_contiguous(const Expr& load) {
    const auto* ramp = load.as<Load>()->index.as<Ramp>();
    return ramp != nullptr && Halide::Internal::is_const_one(ramp->stride);
}

/// The one value of all elements of a vector.
Expr one_of(const Expr& value) {
    const auto* broadcast = value.as<Halide::Internal::Broadcast>();
    return broadcast == nullptr ? value : broadcast->value;
}

/// The loads of rows in an expression.
std::vector<Expr> loads_in(const Expr& value) {
    class Loads : public Halide::Internal::IRVisitor {
      public:
        std::vector<Expr> loads;

      private:
        using IRVisitor::visit;

        void visit(const Load* load) override {
            if (load->index.type().is_scalar() || load->index.as<Ramp>() != nullptr) {
                loads.emplace_back(load);
            }
        }
    } found;
    value.accept(&found);
    return found.loads;
}

/// A load that is to be prefetched, and its first element.
struct AskedLoad {
    Expr load;
    Expr index;
};

/// The loads that an expression asks to be prefetched, in these loops.
class AskedLoads : public Halide::Internal::IRVisitor {
  public:
    AskedLoads(const Expr& value, const std::vector<const For*>& loops) : loops_(loops) {
        value.accept(this);
    }

    std::vector<AskedLoad> loads;

  private:
    using IRVisitor::visit;

    void visit(const Call* call) override {
        IRVisitor::visit(call);
        if (call->name != marker) {
            return;
        }
        const std::vector<Expr> later = loads_in(call->args[1]);
        const std::vector<Expr> again =
            call->args.size() == 2 ? std::vector<Expr>{} : loads_in(call->args[2]);
        for (std::size_t i = 0; i < later.size(); ++i) {
            const Expr index = first_index(later[i]);
            const Expr place =
                i < again.size() ? index + when_run_again(call, index, again[i]) : index;
            const Halide::Type type = later[i].type();
            if (!is_contiguous(later[i])) {
                loads.push_back({later[i], place});
                continue;
            }
            for (const int element : elements_to_prefetch(type)) {
                loads.push_back({later[i], place + element});
            }
        }
    }

    /// How much further what is asked for lies when the loop ends before it.
    Expr when_run_again(const Call* call, const Expr& index, const Expr& again) const {
        const Expr turn_now = one_of(call->args[3]);
        const auto* turn = turn_now.as<Variable>();
        const auto loop = std::ranges::find_if(
            loops_, [&](const For* outer) { return turn != nullptr && outer->name == turn->name; });
        if (loop == loops_.end()) {
            return 0;
        }
        const Expr& extent = (*loop)->extent;
        const Expr further =
            Halide::Internal::simplify(first_index(again) - index - extent * one_of(call->args[5]));
        return select(turn_now + one_of(call->args[4]) < (*loop)->min + extent,
                      Halide::Internal::make_zero(further.type()), further);
    }

    const std::vector<const For*>& loops_;
};

/// Takes each value that asks for a prefetch for itself.
class TakeValues : public Halide::Internal::IRMutator {
  private:
    using IRMutator::visit;

    Expr visit(const Call* call) override {
        return call->name == marker ? mutate(call->args[0]) : IRMutator::visit(call);
    }
};

Stmt prefetch(const AskedLoad& asked) {
    return prefetch(asked.load.as<Load>()->name, asked.index, asked.load.type().bytes(),
                    PrefetchFor::reading);
}

/// Whether what one load asks for lies less than a cache line behind what another does.
bool is_in_line(const AskedLoad& asked, const AskedLoad& other) {
    if (asked.load.as<Load>()->name != other.load.as<Load>()->name) {
        return false;
    }
    const auto elements = index_distance(asked.index, other.index);
    return elements && *elements >= 0 && *elements * asked.load.type().bytes() < line_bytes;
}

/// Whether it is known only when memory has answered.
bool reads_memory(const Expr& index) {
    return !loads_in(index).empty();
}

/// Puts the prefetches of a loop's turn before the first store that asks for them; at its end where
/// their places are read from memory themselves, as all else in the turn is: at its begin, a Zen 4
/// would have them wait in front of what the sums wait for.
class InsertPrefetches : public Halide::Internal::IRMutator {
  private:
    using IRMutator::visit;

    Stmt visit(const For* loop) override {
        std::vector<AskedLoad> outside = std::exchange(inserted_, {});
        std::vector<std::pair<std::string, Expr>> lets_outside = std::exchange(lets_, {});
        Stmt last_outside = std::exchange(last_, {});
        loops_.push_back(loop);
        Stmt body = mutate(loop->body);
        loops_.pop_back();
        const bool prefetches = !inserted_.empty();
        if (last_.defined()) {
            body = Halide::Internal::Block::make(body, last_);
        }
        inserted_ = std::move(outside);
        lets_ = std::move(lets_outside);
        last_ = std::move(last_outside);
        const Stmt result = For::make(loop->name, loop->min, loop->extent, loop->for_type,
                                      loop->partition_policy, loop->device_api, body);
        return prefetches ? hold_sums(result, on_stack_) : result;
    }

    Stmt visit(const Halide::Internal::LetStmt* let) override {
        lets_.emplace_back(let->name, let->value);
        Stmt result = IRMutator::visit(let);
        lets_.pop_back();
        return result;
    }

    Stmt visit(const Halide::Internal::Allocate* allocation) override {
        if (allocation->memory_type != Halide::MemoryType::Stack) {
            return IRMutator::visit(allocation);
        }
        const Halide::Internal::ScopedBinding<void> bound(on_stack_, allocation->name);
        return IRMutator::visit(allocation);
    }

    /// Where the value is named before it is stored, it is all that is taken.
    Expr visit(const Call* call) override {
        return call->name == marker ? mutate(call->args[0]) : IRMutator::visit(call);
    }

    Stmt visit(const Store* store) override {
        if (AskedLoads(store->value, loops_).loads.empty()) {
            return IRMutator::visit(store);
        }
        // Names that only the value knows mean nothing before it.
        const Expr value = Halide::Internal::substitute_in_all_lets(store->value);
        Stmt result = Store::make(store->name, TakeValues().mutate(value), store->index,
                                  store->param, store->predicate, store->alignment);
        for (const AskedLoad& asked : AskedLoads(value, loops_).loads) {
            const bool is_inserted = std::ranges::any_of(
                inserted_, [&](const AskedLoad& other) { return is_in_line(asked, other); });
            if (is_inserted) {
                continue;
            }
            inserted_.push_back(asked);
            const Expr index = without_lets(asked.index);
            if (reads_memory(index)) {
                const Stmt later = prefetch({asked.load, index});
                last_ = last_.defined() ? Halide::Internal::Block::make(last_, later) : later;
            } else {
                result = Halide::Internal::Block::make(prefetch(asked), result);
            }
        }
        return result;
    }

    /// `value` with the names of the loop's turn replaced.
    Expr without_lets(Expr value) const {
        for (const auto& [name, let] : lets_ | std::views::reverse) {
            value = Halide::Internal::substitute(name, let, value);
        }
        return value;
    }

    std::vector<const For*> loops_;    ///< around what is visited
    std::vector<AskedLoad> inserted_;  ///< in the turn of the loop at hand
    std::vector<std::pair<std::string, Expr>>
        lets_;   ///< that the turn makes around what is visited
    Stmt last_;  ///< what comes at the end of the turn
    Halide::Internal::Scope<void> on_stack_;
};

}  // namespace

std::vector<int> elements_to_prefetch(const Halide::Type& vector) {
    const int of_line = line_bytes / vector.bytes();
    std::vector<int> elements;
    for (int first = 0; first < vector.lanes(); first += of_line) {
        elements.push_back(std::min(first + of_line, vector.lanes()) - 1);
    }
    return elements;
}

Stmt prefetch(const std::string& buffer, const Expr& index, int bytes, PrefetchFor use) {
    const Expr begin = Variable::make(Halide::Handle(), buffer);
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

Expr with_prefetch(const Expr& value, const Expr& later, const RepeatedLoop& loop) {
    return Call::make(value.type(), marker,
                      {value, later, loop.again, loop.turn, loop.turns_ahead, loop.elements},
                      Call::PureExtern);
}

Stmt insert_prefetches(const Stmt& statement) {
    return InsertPrefetches().mutate(statement);
}

}  // namespace latent::codegen
