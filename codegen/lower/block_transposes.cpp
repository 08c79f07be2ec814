#include "codegen/lower/block_transposes.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "codegen/lower/index_distance.h"
#include "ir/rounding.h"

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
/// is named, so that it is computed once, and so that LLVM does not fuse them into other ones. Rows
/// that are missing at the end are elements of columns that may be anything.
class RegisterTranspose {
  public:
    explicit RegisterTranspose(const std::vector<Expr>& rows)
        : size_(rows[0].type().lanes()), within_(lane_bytes / rows[0].type().bytes()) {
        std::vector<Expr> named;
        for (const Expr& row : rows) {
            named.push_back(name(row));
        }
        named.resize(static_cast<std::size_t>(size_));
        transpose_within_lanes(named);
        columns_.resize(named.size());
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

    /// Elements of both, of which `b` may be missing, and then `a` too.
    Expr shuffle(const Expr& a, const Expr& b, const std::vector<int>& elements) {
        return a.defined() ? name(Shuffle::make({a, b.defined() ? b : a}, elements)) : Expr();
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
        return shuffle(a, b, elements);
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
        return shuffle(a, b, elements);
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
    Stmt statement;  ///< owns what the pointers show, but for the source
    Expr place;      ///< that is read, which owns the source
    const Store* store = nullptr;
    const Load* load = nullptr;
    const Ramp* target = nullptr;
    const Ramp* source = nullptr;
    bool reads_columns = false;  ///< else it stores them
};

Expr number(const Expr& like, int value) {
    return Halide::cast(like.type(), value);
}

/// Whether a ramp is a column in each turn of the loop, beside that of the turn before.
bool is_next_column(const Ramp& ramp, const std::string& turn, int turns) {
    const auto column = [&](int i) { return substitute(turn, i, ramp.base); };
    bool neighbours = !expr_uses_var(ramp.stride, turn);
    for (int i = 1; neighbours && i < turns; ++i) {
        neighbours = index_distance(column(i), column(i - 1)) == 1;
    }
    return neighbours;
}

/// A load and its place. Halide has made those with a short stride loads of all that lies between,
/// of which a slice is taken.
std::pair<const Load*, Expr> load_of(const Expr& value) {
    if (const Load* load = value.as<Load>()) {
        return {load, load->index};
    }
    const Shuffle* slice = value.as<Shuffle>();
    const Load* load = slice != nullptr && slice->is_slice() && slice->vectors.size() == 1
                           ? slice->vectors[0].as<Load>()
                           : nullptr;
    const Ramp* between = load != nullptr ? load->index.as<Ramp>() : nullptr;
    if (between == nullptr || !is_const_one(between->stride)) {
        return {nullptr, Expr()};
    }
    const Expr& base = between->base;
    return {load, Ramp::make(simplify(base + number(base, slice->slice_begin())),
                             number(base, slice->slice_stride()), value.type().lanes())};
}

/// Whether each turn stores right behind what the turn before has stored.
bool stores_side_by_side(const ColumnCopy& copy, const std::string& turn, int turns) {
    const auto begin = [&](int i) { return substitute(turn, i, copy.target->base); };
    bool side_by_side = true;
    for (int i = 1; side_by_side && i < turns; ++i) {
        side_by_side = index_distance(begin(i), begin(i - 1)) == copy.target->lanes;
    }
    return side_by_side;
}

std::optional<ColumnCopy> column_copy(const Stmt& statement, const std::string& turn, int turns) {
    ColumnCopy copy;
    copy.statement = statement;
    copy.store = statement.as<Store>();
    std::tie(copy.load, copy.place) =
        copy.store == nullptr ? std::pair(nullptr, Expr()) : load_of(copy.store->value);
    if (copy.load == nullptr || !is_const_one(copy.store->predicate) ||
        !is_const_one(copy.load->predicate)) {
        return std::nullopt;
    }
    copy.target = copy.store->index.as<Ramp>();
    copy.source = copy.place.as<Ramp>();
    if (copy.target == nullptr || copy.source == nullptr || !copy.source->base.type().is_scalar() ||
        !copy.target->base.type().is_scalar() ||
        !transposes_blocks(copy.load->type.element_of(), turns)) {
        return std::nullopt;
    }
    copy.reads_columns = is_const_one(copy.target->stride);
    if (copy.source->lanes != turns &&
        !(copy.reads_columns && stores_side_by_side(copy, turn, turns))) {
        return std::nullopt;
    }
    // Columns that are stored must not overlap.
    const auto target_stride = as_const_int(copy.target->stride);
    const bool stores_columns =
        is_const_one(copy.source->stride) && target_stride && *target_stride >= turns;
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

/// The vector across all turns' columns that has what these have at `place`.
Expr across(const Ramp& columns, const std::string& turn, int place, int turns) {
    const Expr begin = simplify(substitute(turn, 0, columns.base));
    return Ramp::make(simplify(begin + number(begin, place) * columns.stride), number(begin, 1),
                      turns);
}

Expr load(const ColumnCopy& copy, const Expr& place) {
    const int lanes = place.type().lanes();
    return Load::make(copy.load->type.with_lanes(lanes), copy.load->name, place, copy.load->image,
                      copy.load->param, Halide::Internal::const_true(lanes), ModulusRemainder());
}

/// The vectors across the columns that are read.
std::vector<Expr> rows_across(const ColumnCopy& copy, const std::string& turn, int first, int count,
                              int turns) {
    std::vector<Expr> rows;
    for (int row = first; row < first + count; ++row) {
        rows.push_back(load(copy, across(*copy.source, turn, row, turns)));
    }
    return rows;
}

/// A copy that reads columns, block by block: of as many of their elements as there are turns, the
/// last one of those that are left. Columns of another number lie side by side, and what follows
/// their end in a vector is stored with them: it lies where the next column begins, which is stored
/// later.
Stmt stored_columns(const ColumnCopy& copy, const std::string& turn, int turns) {
    const int elements = copy.source->lanes;
    const int last = elements - (ir::ceiling_quotient(elements, turns) - 1) * turns;
    const int whole = static_cast<int>(std::bit_ceil(static_cast<unsigned>(last)));
    std::vector<Stmt> blocks;
    for (int first = elements - last; first >= 0; first -= turns) {
        const int rows = std::min(elements - first, turns);
        const RegisterTranspose block(rows_across(copy, turn, first, rows, turns));
        std::vector<Stmt> stores;
        for (int i = 0; i < turns; ++i) {
            const bool has_room = (turns - i) * elements - first >= whole;
            const int lanes = rows < turns && has_room ? whole : rows;
            const Expr& column = block.columns()[static_cast<std::size_t>(i)];
            const Expr begin = simplify(substitute(turn, i, copy.target->base));
            const Expr place = simplify(begin + number(begin, first));
            stores.push_back(Store::make(
                copy.store->name, lanes < turns ? Shuffle::make_slice(column, 0, 1, lanes) : column,
                lanes > 1 ? Ramp::make(place, number(place, 1), lanes) : place, copy.store->param,
                Halide::Internal::const_true(lanes), ModulusRemainder()));
        }
        blocks.push_back(block.around(Block::make(stores)));
    }
    return Block::make(blocks);
}

/// The same for a copy that stores columns.
Stmt stored_rows(const ColumnCopy& copy, const std::string& turn, int turns) {
    std::vector<Expr> rows;
    for (int i = 0; i < turns; ++i) {
        rows.push_back(load(copy, simplify(substitute(turn, i, Expr(copy.source)))));
    }
    const RegisterTranspose block(rows);
    std::vector<Stmt> stores;
    for (int i = 0; i < turns; ++i) {
        stores.push_back(Store::make(copy.store->name, block.columns()[static_cast<std::size_t>(i)],
                                     across(*copy.target, turn, i, turns), copy.store->param,
                                     copy.store->predicate, ModulusRemainder()));
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
                    blocks.push_back(copy.reads_columns ? stored_columns(copy, loop->name, count)
                                                        : stored_rows(copy, loop->name, count));
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
