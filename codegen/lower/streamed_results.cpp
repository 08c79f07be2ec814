#include "codegen/lower/streamed_results.h"

#include <optional>
#include <string>
#include <vector>

#include "codegen/lower/index_distance.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Type;
using Halide::Internal::Block;
using Halide::Internal::Call;
using Halide::Internal::Evaluate;
using Halide::Internal::For;
using Halide::Internal::ForType;
using Halide::Internal::is_const_one;
using Halide::Internal::LetStmt;
using Halide::Internal::Load;
using Halide::Internal::simplify;
using Halide::Internal::Stmt;
using Halide::Internal::Store;
using Halide::Internal::substitute;
using Halide::Internal::Variable;

namespace {

constexpr const char* loop_name = "streamed";

bool is_over_strip(const For* loop) {
    // Halide names it after its Func and stage, and numbers it where names are made unique.
    const std::string& name = loop->name;
    const std::size_t at = name.rfind(std::string(".") + loop_name);
    return at != std::string::npos &&
           name.find_first_not_of("$0123456789", at + 1 + std::string(loop_name).size()) ==
               std::string::npos;
}

/// `index` at the first iteration of a loop, if it grows by one with each.
std::optional<Expr> begin_of(const Expr& index, const For* loop) {
    const Expr variable = Variable::make(loop->min.type(), loop->name);
    if (index_distance(substitute(loop->name, variable + 1, index), index) != 1) {
        return std::nullopt;
    }
    return simplify(substitute(loop->name, loop->min, index));
}

/// What a call is told of a buffer: where it begins, and the bytes from there.
void push_place(std::vector<Expr>& arguments, const std::string& buffer, Type element,
                const Expr& index) {
    arguments.push_back(Variable::make(Halide::Handle(), buffer));
    arguments.push_back(Halide::cast<std::int64_t>(index) * element.bytes());
}

class ResultStreams : public Halide::Internal::IRMutator {
  public:
    explicit ResultStreams(std::string function) : function_(std::move(function)) {}

    /// Streams that no parallel loop has finished.
    bool open() const { return open_; }

    using IRMutator::visit;

    Stmt visit(const For* loop) override {
        if (is_over_strip(loop)) {
            if (const std::optional<Stmt> calls = streamed(loop->body, loop)) {
                open_ = true;
                return *calls;
            }
        }
        const bool outside = open_;
        open_ = false;
        Stmt result = IRMutator::visit(loop);
        if (open_ && loop->for_type == ForType::Parallel) {
            const auto* changed = result.as<For>();
            result = For::make(changed->name, changed->min, changed->extent, changed->for_type,
                               changed->partition_policy, changed->device_api,
                               Block::make(changed->body, finish()));
            open_ = false;
        }
        open_ = open_ || outside;
        return result;
    }

    static Stmt finish() {
        return Evaluate::make(
            Call::make(Halide::Int(32), "latent_finish_streams", {}, Call::Extern));
    }

  private:
    /// Calls in place of a loop over `body`, if that is nothing but stores of what is in scratch.
    std::optional<Stmt> streamed(const Stmt& body, const For* loop) const {
        if (const auto* let = body.as<LetStmt>()) {
            return streamed(substitute(let->name, let->value, let->body), loop);
        }
        if (const auto* block = body.as<Block>()) {
            const std::optional<Stmt> first = streamed(block->first, loop);
            const std::optional<Stmt> rest = streamed(block->rest, loop);
            return first && rest ? std::optional(Block::make(*first, *rest)) : std::nullopt;
        }
        const auto* store = body.as<Store>();
        const auto* value = store != nullptr ? store->value.as<Load>() : nullptr;
        if (value == nullptr || !is_const_one(store->predicate) ||
            !is_const_one(value->predicate)) {
            return std::nullopt;
        }
        const std::optional<Expr> from = begin_of(value->index, loop);
        const std::optional<Expr> to = begin_of(store->index, loop);
        if (!from || !to) {
            return std::nullopt;
        }
        std::vector<Expr> arguments;
        push_place(arguments, store->name, value->type, *to);
        push_place(arguments, value->name, value->type, *from);
        arguments.push_back(Halide::cast<std::int64_t>(loop->extent) * value->type.bytes());
        return Evaluate::make(Call::make(Halide::Int(32), function_, arguments, Call::Extern));
    }

    std::string function_;
    bool open_ = false;
};

}  // namespace

Halide::Var streamed_loop() {
    return Halide::Var(loop_name);
}

Stmt stream_results(const Stmt& statement, const Halide::Target& target) {
    const int vector_bytes = target.natural_vector_size<std::uint8_t>();
    ResultStreams streams("latent_stream_" + std::to_string(vector_bytes));
    const Stmt result = streams.mutate(statement);
    return streams.open() ? Block::make(result, ResultStreams::finish()) : result;
}

}  // namespace latent::codegen
