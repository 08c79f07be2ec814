#include "codegen/lower/result_prefetches.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "codegen/lower/contains.h"
#include "codegen/lower/prefetches.h"
#include "codegen/lower/row_prefetches.h"
#include "codegen/lower/whole_tiles.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Internal::Allocate;
using Halide::Internal::Block;
using Halide::Internal::Call;
using Halide::Internal::For;
using Halide::Internal::IfThenElse;
using Halide::Internal::Let;
using Halide::Internal::LetStmt;
using Halide::Internal::Load;
using Halide::Internal::ProducerConsumer;
using Halide::Internal::Ramp;
using Halide::Internal::ScopedBinding;
using Halide::Internal::Stmt;
using Halide::Internal::Store;
using Halide::Internal::Variable;

namespace {

/// Results that a second cache may hold are there, or on their way, when they are stored.
constexpr int least_bytes = 1 << 20;

constexpr int line_bytes = 64;

std::string name_of_condition(const std::string& result) {
    return result + ".is_large";
}

Expr is_large(const Halide::Parameter& result) {
    const Expr buffer =
        Variable::make(Halide::type_of<halide_buffer_t*>(), result.name() + ".buffer");
    Expr bytes = Halide::cast<std::int64_t>(result.type().bytes());
    for (int i = 0; i < result.dimensions(); ++i) {
        bytes = bytes * Halide::cast<std::int64_t>(Call::make(
                            Halide::Int(32), Call::buffer_get_extent, {buffer, i}, Call::Extern));
    }
    return bytes > least_bytes;
}

/// Whether blocks of a register tile are stored in a statement, along the rows.
bool stores_blocks(const Stmt& statement) {
    return contains<For>(statement, [](const For& loop) {
        return loop.name.find(whole_blocks_loop) != std::string::npos;
    });
}

class ResultPrefetches : public Halide::Internal::IRMutator {
  public:
    /// Of all register tiles, or of those that are stored in blocks.
    ResultPrefetches(const std::vector<Halide::Parameter>& results, bool all)
        : results_(results), all_(all) {}

    const std::set<std::string>& prefetched() const { return prefetched_; }

  private:
    using IRMutator::visit;

    Stmt visit(const Allocate* allocation) override {
        if (allocation->memory_type == Halide::MemoryType::Stack) {
            tiles_.insert(allocation->name);
        }
        return IRMutator::visit(allocation);
    }

    Stmt visit(const Block* block) override {
        const auto* sum = block->first.as<ProducerConsumer>();
        if (sum == nullptr || !sum->is_producer || !tiles_.contains(sum->name) ||
            !contains<For>(sum->body) || (!all_ && !stores_blocks(block->rest))) {
            return IRMutator::visit(block);
        }
        const Stmt prefetches = prefetches_of(block->rest);
        return prefetches.defined() ? Block::make(prefetches, block) : IRMutator::visit(block);
    }

    /// The loops around stores of results, with a prefetch in place of each; undefined where there
    /// is none.
    Stmt prefetches_of(const Stmt& statement) {
        if (const auto* let = statement.as<LetStmt>()) {
            if (contains<Load>(let->value) || is_unknown(let->value)) {
                const Stmt reads = prefetches_of_reads(let->value);
                const ScopedBinding<> unknown(unknown_, let->name);
                return both(reads, prefetches_of(let->body));
            }
            const ScopedBinding<Expr> known(values_, let->name, let->value);
            const Stmt body = prefetches_of(let->body);
            return body.defined() ? LetStmt::make(let->name, let->value, body) : Stmt();
        }
        if (const auto* block = statement.as<Block>()) {
            const Stmt first = prefetches_of(block->first);
            return both(first, prefetches_of(block->rest));
        }
        if (const auto* part = statement.as<ProducerConsumer>()) {
            return prefetches_of(part->body);
        }
        if (const auto* allocation = statement.as<Allocate>()) {
            return prefetches_of(allocation->body);
        }
        if (const auto* branch = statement.as<IfThenElse>()) {
            if (branch->else_case.defined() && contains<For>(branch->else_case)) {
                // A whole tile, or a loop over its vectors in the other case, whose code is short.
                const Halide::Internal::ScopedValue<bool> inside(inside_tile_, true);
                return prefetches_of(branch->else_case);
            }
            // A whole vector, or part of it in the other case.
            return prefetches_of(branch->then_case);
        }
        if (const auto* loop = statement.as<For>()) {
            if (!inside_tile_ && !is_of_tile(loop->extent)) {
                return {};  // a whole row, not a tile
            }
            const ScopedBinding<> inside(loops_, loop->name);
            const Stmt body = prefetches_of(loop->body);
            return body.defined() ? For::make(loop->name, loop->min, loop->extent, loop->for_type,
                                              loop->partition_policy, loop->device_api, body)
                                  : Stmt();
        }
        const auto* store = statement.as<Store>();
        if (store == nullptr) {
            return {};
        }
        const Stmt reads = prefetches_of_reads(store->value);
        const bool is_result = std::ranges::any_of(results_, [&](const Halide::Parameter& result) {
            return result.name() == store->name;
        });
        return is_result ? both(reads, prefetch_vector(store->name, store->index,
                                                       store->value.type(), PrefetchFor::writing))
                         : reads;
    }

    /// Of the vectors that each row of a tile reads from inputs. They are as many as are stored.
    Stmt prefetches_of_reads(const Expr& value) {
        class Reads : public Halide::Internal::IRVisitor {
          public:
            explicit Reads(ResultPrefetches& prefetches) : prefetches_(prefetches) {}
            Stmt all;

          private:
            using IRVisitor::visit;

            void visit(const Load* load) override {
                IRVisitor::visit(load);
                if (load->param.defined() && prefetches_.differs_by_row(load->index)) {
                    all = both(all, prefetches_.prefetch_vector(load->name, load->index, load->type,
                                                                PrefetchFor::reading));
                }
            }
            void visit(const Let* let) override {
                let->value.accept(this);
                const ScopedBinding<> unknown(prefetches_.unknown_, let->name);
                let->body.accept(this);
            }

            ResultPrefetches& prefetches_;
        } reads(*this);
        value.accept(&reads);
        return reads.all;
    }

    /// Of the lines of a vector, where it is contiguous and its place is known.
    Stmt prefetch_vector(const std::string& buffer, const Expr& index, const Halide::Type& type,
                         PrefetchFor use) {
        const auto* place = index.as<Ramp>();
        if (place == nullptr || !Halide::Internal::is_const_one(place->stride) ||
            is_unknown(index) || contains<Load>(index)) {
            return {};
        }
        const std::string& large = use == PrefetchFor::writing ? buffer : results_.front().name();
        prefetched_.insert(large);
        Stmt lines;
        for (const int element : elements_to_prefetch(type)) {
            lines = both(lines, prefetch(buffer, place->base + element, type.bytes(), use));
        }
        return IfThenElse::make(Variable::make(Halide::Bool(), name_of_condition(large)), lines);
    }

    /// Whether a loop has no more turns than a tile has vectors, at its end maybe less.
    bool is_of_tile(const Expr& extent) const {
        const auto* name = extent.as<Variable>();
        const Expr turns =
            name != nullptr && values_.contains(name->name) ? values_.get(name->name) : extent;
        return Halide::Internal::find_constant_bound(turns, Halide::Internal::Direction::Upper)
            .defined();
    }

    /// Whether it is computed from what is not there before the sums.
    bool is_unknown(const Expr& value) const {
        return Halide::Internal::expr_uses_vars(value, unknown_);
    }

    bool differs_by_row(const Expr& index) const {
        return Halide::Internal::expr_uses_vars(index, loops_);
    }

    static Stmt both(const Stmt& first, const Stmt& second) {
        return !first.defined() ? second : !second.defined() ? first : Block::make(first, second);
    }

    const std::vector<Halide::Parameter>& results_;
    bool all_;
    std::set<std::string> tiles_, prefetched_;
    Halide::Internal::Scope<> unknown_, loops_;
    Halide::Internal::Scope<Expr> values_;
    bool inside_tile_ = false;
};

}  // namespace

Stmt prefetch_results(const Stmt& statement, const std::vector<Halide::Parameter>& results,
                      const Halide::Target& target) {
    std::set<std::string> prefetched;
    Stmt changed = prefetch_stored_rows(statement, results, name_of_condition, prefetched);
    ResultPrefetches prefetches(results, target.natural_vector_size<std::uint8_t>() >= line_bytes);
    changed = prefetches.mutate(changed);
    prefetched.insert(prefetches.prefetched().begin(), prefetches.prefetched().end());
    if (prefetched.empty()) {
        return changed;
    }
    for (const Halide::Parameter& result : results) {
        if (prefetched.contains(result.name())) {
            changed = LetStmt::make(name_of_condition(result.name()), is_large(result), changed);
        }
    }
    return Halide::Internal::hoist_loop_invariant_if_statements(changed);
}

}  // namespace latent::codegen
