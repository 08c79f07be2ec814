#include "codegen/lower/block_transposes.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "codegen/lower/index_distance.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Internal::as_const_int;
using Halide::Internal::Block;
using Halide::Internal::expr_uses_var;
using Halide::Internal::For;
using Halide::Internal::is_const_one;
using Halide::Internal::LetStmt;
using Halide::Internal::Load;
using Halide::Internal::ModulusRemainder;
using Halide::Internal::Ramp;
using Halide::Internal::Shuffle;
using Halide::Internal::simplify;
using Halide::Internal::Stmt;
using Halide::Internal::Store;
using Halide::Internal::substitute;
using Halide::Internal::Variable;

namespace {

/// A square block of as many vectors as each has elements, whose transpose is built from shuffles
/// of two vectors that processors have: of pairs within 16 bytes, then of 16 bytes at a time. Each
/// is named, so that it is computed once, and so that LLVM does not fuse them into other ones.
class RegisterTranspose {
  public:
    explicit RegisterTranspose(const std::vector<Expr>& rows)
        : size_(static_cast<int>(rows.size())), within_(lane_bytes / rows[0].type().bytes()) {
        std::vector<Expr> named;
        for (const Expr& row : rows) {
            named.push_back(name(row));
        }
        transpose_within_lanes(named);
        columns_.resize(rows.size());
        for (int k = 0; k < within_; ++k) {
            std::vector<Expr> lanes;
            for (int group = 0; group < size_ / within_; ++group) {
                lanes.push_back(named[static_cast<std::size_t>(group * within_ + k)]);
            }
            transpose_lanes(lanes);
            for (int lane = 0; lane < size_ / within_; ++lane) {
                columns_[static_cast<std::size_t>(lane * within_ + k)] =
                    lanes[static_cast<std::size_t>(lane)];
            }
        }
    }

    static constexpr int lane_bytes = 16;

    const std::vector<Expr>& columns() const { return columns_; }
    /// `body`, which uses the columns, with the definitions of all that is named.
    Stmt around(Stmt body) const {
        for (std::size_t i = names_.size(); i-- > 0;) {
            body = LetStmt::make(names_[i].first, names_[i].second, body);
        }
        return body;
    }

  private:
    Expr name(const Expr& value) {
        names_.emplace_back(Halide::Internal::unique_name("block_row"), value);
        return Variable::make(value.type(), names_.back().first);
    }

    /// Elements of `a` and of `b` in turn: those of one half of each lane.
    Expr alternate(const Expr& a, const Expr& b, int first) {
        std::vector<int> elements;
        for (int lane = 0; lane < size_; lane += within_) {
            for (int i = 0; i < within_ / 2; ++i) {
                elements.push_back(lane + first + i);
                elements.push_back(size_ + lane + first + i);
            }
        }
        return name(Shuffle::make({a, b}, elements));
    }

    /// Within each lane: `rows[g * within + k]` becomes what the rows g * within ... hold at k.
    void transpose_within_lanes(std::vector<Expr>& rows) {
        const int half = within_ / 2;
        for (int apart = 1; apart < within_; apart *= 2) {
            std::vector<Expr> next;
            for (int group = 0; group < size_; group += within_) {
                for (int row = group; row < group + half; ++row) {
                    const Expr& a = rows[static_cast<std::size_t>(row)];
                    const Expr& b = rows[static_cast<std::size_t>(row + half)];
                    next.push_back(alternate(a, b, 0));
                    next.push_back(alternate(a, b, half));
                }
            }
            rows = std::move(next);
        }
    }

    /// `from` lanes of `a`, then of `b`.
    Expr lanes_of(const Expr& a, const Expr& b, const std::vector<int>& from) {
        std::vector<int> elements;
        for (const int vector : {0, size_}) {
            for (const int lane : from) {
                for (int k = 0; k < within_; ++k) {
                    elements.push_back(vector + lane * within_ + k);
                }
            }
        }
        return name(Shuffle::make({a, b}, elements));
    }

    /// Lane j of vector i becomes lane i of vector j.
    void transpose_lanes(std::vector<Expr>& vectors) {
        if (vectors.size() == 2) {
            const Expr low = lanes_of(vectors[0], vectors[1], {0});
            vectors = {low, lanes_of(vectors[0], vectors[1], {1})};
        } else if (vectors.size() == 4) {
            std::vector<Expr> halves;
            for (const std::size_t pair : {0, 2}) {
                halves.push_back(lanes_of(vectors[pair], vectors[pair + 1], {0, 1}));
                halves.push_back(lanes_of(vectors[pair], vectors[pair + 1], {2, 3}));
            }
            for (std::size_t i = 0; i < 2; ++i) {
                vectors[2 * i] = lanes_of(halves[i], halves[i + 2], {0, 2});
                vectors[2 * i + 1] = lanes_of(halves[i], halves[i + 2], {1, 3});
            }
        }
    }

    int size_;
    int within_;  ///< elements of 16 bytes
    std::vector<Expr> columns_;
    std::vector<std::pair<std::string, Expr>> names_;
};

/// One turn of a copy that transposes a block: a column of it is read and stored as a vector, or a
/// vector is read and stored as a column.
struct ColumnCopy {
    Stmt statement;  ///< owns what the pointers show
    const Store* store = nullptr;
    const Load* load = nullptr;
    const Ramp* target = nullptr;
    const Ramp* source = nullptr;
    bool reads_columns = false;  ///< else it stores them
};

/// Whether a ramp is a column in each turn of the loop, beside that of the turn before.
bool is_next_column(const Ramp& ramp, const std::string& turn, int turns) {
    const auto column = [&](int i) { return substitute(turn, i, ramp.base); };
    bool neighbours = !expr_uses_var(ramp.stride, turn);
    for (int i = 1; neighbours && i < turns; ++i) {
        neighbours = index_distance(column(i), column(i - 1)) == 1;
    }
    return neighbours;
}

std::optional<ColumnCopy> column_copy(const Stmt& statement, const std::string& turn, int turns) {
    ColumnCopy copy{.statement = statement};
    copy.store = statement.as<Store>();
    copy.load = copy.store == nullptr ? nullptr : copy.store->value.as<Load>();
    if (copy.load == nullptr || !is_const_one(copy.store->predicate) ||
        !is_const_one(copy.load->predicate)) {
        return std::nullopt;
    }
    copy.target = copy.store->index.as<Ramp>();
    copy.source = copy.load->index.as<Ramp>();
    if (copy.target == nullptr || copy.source == nullptr || !copy.source->base.type().is_scalar() ||
        !copy.target->base.type().is_scalar() || copy.source->lanes != turns ||
        !transposes_blocks(copy.load->type.element_of(), turns)) {
        return std::nullopt;
    }
    // Columns that are stored must not overlap.
    const auto target_stride = as_const_int(copy.target->stride);
    const bool stores_columns =
        is_const_one(copy.source->stride) && target_stride && *target_stride >= turns;
    copy.reads_columns = is_const_one(copy.target->stride);
    const Ramp& column = copy.reads_columns ? *copy.source : *copy.target;
    return (copy.reads_columns || stores_columns) && is_next_column(column, turn, turns)
               ? std::optional(copy)
               : std::nullopt;
}

/// The copies of a loop's body, if it is nothing else.
std::optional<std::vector<ColumnCopy>> column_copies(Stmt body, const std::string& turn,
                                                     int turns) {
    std::vector<ColumnCopy> copies;
    while (const LetStmt* let = body.as<LetStmt>()) {
        body = substitute(let->name, let->value, let->body);
    }
    while (body.defined()) {
        const Block* block = body.as<Block>();
        const std::optional<ColumnCopy> copy =
            column_copy(block == nullptr ? body : block->first, turn, turns);
        if (!copy) {
            return std::nullopt;
        }
        copies.push_back(*copy);
        body = block == nullptr ? Stmt() : block->rest;
    }
    // All turns of one copy come before those of the next, which must not matter.
    for (const ColumnCopy& reader : copies) {
        for (const ColumnCopy& writer : copies) {
            const bool shares_target =
                &reader != &writer && reader.store->name == writer.store->name;
            if (reader.load->name == writer.store->name || shares_target) {
                return std::nullopt;
            }
        }
    }
    return copies;
}

Stmt transposed(const ColumnCopy& copy, const std::string& turn, int turns) {
    // The vector that `ramp` is in a turn, or across the columns that it is in all turns.
    const auto in_turn = [&](const Ramp& ramp, int i) {
        return simplify(substitute(turn, i, Expr(&ramp)));
    };
    const auto across = [&](const Ramp& ramp, int i) {
        const Expr begin = simplify(substitute(turn, 0, ramp.base));
        const auto number = [&](int value) { return Halide::cast(begin.type(), value); };
        return Ramp::make(simplify(begin + number(i) * ramp.stride), number(1), turns);
    };
    std::vector<Expr> rows;
    for (int row = 0; row < turns; ++row) {
        rows.push_back(
            Load::make(copy.load->type.with_lanes(turns), copy.load->name,
                       copy.reads_columns ? across(*copy.source, row) : in_turn(*copy.source, row),
                       copy.load->image, copy.load->param, Halide::Internal::const_true(turns),
                       ModulusRemainder()));
    }
    const RegisterTranspose block(rows);
    std::vector<Stmt> stores;
    for (int i = 0; i < turns; ++i) {
        stores.push_back(
            Store::make(copy.store->name, block.columns()[static_cast<std::size_t>(i)],
                        copy.reads_columns ? in_turn(*copy.target, i) : across(*copy.target, i),
                        copy.store->param, copy.store->predicate, ModulusRemainder()));
    }
    return block.around(Block::make(stores));
}

class BlockTransposes : public Halide::Internal::IRMutator {
    using IRMutator::visit;

    Stmt visit(const For* loop) override {
        constexpr std::int64_t most_turns = 16;
        const auto turns = as_const_int(loop->extent);
        if (loop->for_type == Halide::Internal::ForType::Serial &&
            Halide::Internal::is_const_zero(loop->min) && turns && *turns <= most_turns) {
            const auto count = static_cast<int>(*turns);
            if (const auto copies = column_copies(loop->body, loop->name, count)) {
                std::vector<Stmt> blocks;
                for (const ColumnCopy& copy : *copies) {
                    blocks.push_back(transposed(copy, loop->name, count));
                }
                return Block::make(blocks);
            }
        }
        return IRMutator::visit(loop);
    }
};

}  // namespace

Stmt transpose_blocks(const Stmt& statement) {
    return BlockTransposes().mutate(statement);
}

bool transposes_blocks(Halide::Type element, int size) {
    const int within = RegisterTranspose::lane_bytes / element.bytes();
    const bool is_short = within > 4;  // of more vectors there would be more code than registers
    return within > 1 &&
           (size == within || (!is_short && (size == 2 * within || size == 4 * within)));
}

}  // namespace latent::codegen
