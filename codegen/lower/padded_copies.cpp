#include "codegen/lower/padded_copies.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "codegen/lower/prefetches.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;
using Halide::VarOrRVar;

namespace {

/// `value`, or `fill` where the bits of `outside` are set. A select of what was loaded would become
/// a load under a mask, which on some processors waits for the stores before it.
Expr chosen_by_bits(const Expr& outside, const Expr& value, const Expr& fill) {
    Expr chosen = Halide::reinterpret(outside.type(), value) & ~outside;
    if (!Halide::Internal::is_const_zero(fill)) {
        chosen = chosen | (Halide::reinterpret(outside.type(), fill) & outside);
    }
    return Halide::reinterpret(value.type(), chosen);
}

}  // namespace

PaddedCopies::PaddedCopies(Lowering& lowering) : lowering_(lowering) {
    for (int i = 0; i < static_cast<int>(lowering.region().stages.size()); ++i) {
        const ir::Stage& stage = lowering.region().stages[static_cast<std::size_t>(i)];
        if (ir::reads_padded_windows(lowering.region(), stage, lowering.schedule().vector_atom)) {
            define(i);
        }
    }
}

/// What the stage is where its input is read at `positions`, outermost first, which may be outside.
Expr PaddedCopies::element(int stage, const std::vector<Expr>& positions, const Func& ends) const {
    const ir::Stage& read = lowering_.region().stages[static_cast<std::size_t>(stage)];
    const int lanes = lowering_.schedule().lanes;
    std::vector<Expr> indices;
    Expr others_fit;
    for (std::size_t i = 0; i < positions.size(); ++i) {
        Expr index = positions[i];
        if (read.index[i].guarded) {
            const Expr extent = extent_of(stage, i);
            // Of vectors it is enough that they begin inside, for what is past the end may be read.
            const bool last = i + 1 == positions.size();
            if (!last) {
                const Expr fits = index >= 0 && index < extent;
                others_fit = others_fit.defined() ? others_fit && fits : fits;
            }
            const Expr start = last ? index / lanes * lanes : index;
            index = Halide::max(Halide::min(start, extent - 1), 0) + (index - start);
        }
        indices.push_back(index);
    }
    Expr value = lowering_.inputs().load_at(read.input, indices);
    // (Beside what is stored as well, prefetches take longer than they spare.)
    if (lowering_.schedule().read_ahead > 0) {
        std::vector<Expr> later = indices;
        later.back() += lowering_.schedule().read_ahead;
        value = with_prefetch(value, lowering_.inputs().load_at(read.input, later));
    }
    const Expr fill = read.operands.empty()
                          ? Halide::Internal::make_zero(value.type())
                          : lowering_.stages().at(read.operands[0], lowering_.loop_coordinates());
    Expr outside = ends(positions.back());
    if (others_fit.defined()) {
        const Halide::Type bits = outside.type();
        outside =
            outside | Halide::select(others_fit, Halide::cast(bits, 0), Halide::cast(bits, -1));
    }
    return chosen_by_bits(outside, value, fill);
}

bool PaddedCopies::keeps_ends() const {
    return lowering_.schedule().kind == ir::Template::reduction ||
           lowering_.schedule().instruction_set != ir::InstructionSet::avx512;
}

Expr PaddedCopies::extent_of(int stage, std::size_t dim) const {
    return lowering_.inputs().index_extent(lowering_.stages().first_dim(stage) +
                                           static_cast<int>(dim));
}

void PaddedCopies::define(int stage) {
    const std::vector<ir::IndexedDim>& dims =
        lowering_.region().stages[static_cast<std::size_t>(stage)].index;
    std::vector<Var> loops;  // innermost first
    std::vector<Expr> positions;
    for (std::size_t i = 0; i < dims.size(); ++i) {
        loops.emplace_back("position" + std::to_string(i));
        positions.insert(positions.begin(), loops.back());
    }
    // Which bits of a row are kept is the same for all of them. (The last dimension is guarded, see
    // `reads_padded_windows`.)
    const ir::Stage& read = lowering_.region().stages[static_cast<std::size_t>(stage)];
    const Halide::Type bits = Halide::Int(compute_type(read.dtype).bits());
    Func ends(lowering_.name() + "_ends" + std::to_string(stage));
    const Expr last = extent_of(stage, dims.size() - 1) - 1;
    ends(loops[0]) = Halide::cast(bits, Halide::min(loops[0], last - loops[0]) >> 31);
    if (keeps_ends()) {
        logged(ends, lowering_.log())
            .align_bounds(loops[0], lowering_.schedule().lanes)
            .vectorize(loops[0], lowering_.schedule().lanes)
            .never_partition_all();
    }
    Func copy(lowering_.name() + "_padded" + std::to_string(stage));
    copy(loops) = element(stage, positions, ends);
    // Vectors begin at multiples of their length, hence at the begin of a row or outside of it.
    logged(copy, lowering_.log())
        .align_bounds(loops[0], lowering_.schedule().lanes)
        .vectorize(loops[0], lowering_.schedule().lanes)
        .never_partition_all();
    copies_.push_back({copy, ends, stage});
    lowering_.stages().define(
        stage, [&lowering = lowering_, copy, stage, dims](const Coordinates& coordinates) {
            std::vector<Expr> arguments;
            for (std::size_t i = 0; i < dims.size(); ++i) {
                Expr position = lowering.inputs().index_offset(lowering.stages().first_dim(stage) +
                                                               static_cast<int>(i));
                for (const ir::AtomTerm& term : dims[i].terms) {
                    const Expr& coordinate = coordinates[static_cast<std::size_t>(term.atom)];
                    // Of what is computed past the end only a guarded place may lie outside.
                    position += static_cast<std::int32_t>(term.coefficient) *
                                (dims[i].guarded ? coordinate
                                                 : lowering.inputs().within(term.atom, coordinate));
                }
                arguments.insert(arguments.begin(), position);
            }
            return copy(arguments);
        });
}

/// How many places of a dimension are read where the loop over `rows` stands still, if that is part
/// of the code.
std::optional<int> PaddedCopies::places_read(const ir::IndexedDim& dim,
                                             const LoopTogether& rows) const {
    std::int64_t places = 1;
    for (const ir::AtomTerm& term : dim.terms) {
        const std::int64_t turns =
            term.atom == rows.atom
                ? rows.turns
                : lowering_.region().atoms[static_cast<std::size_t>(term.atom)].fixed;
        // Whole vectors are read past the end.
        if (turns < 1 || term.atom == lowering_.schedule().vector_atom) {
            return std::nullopt;
        }
        places += std::abs(term.coefficient) * (turns - 1);
    }
    return static_cast<int>(places);
}

void PaddedCopies::compute_at(const Func& consumer, const VarOrRVar& loop) {
    for (const Copy& copy : copies_) {
        logged(copy.func, lowering_.log()).compute_at(consumer, loop);
        if (keeps_ends()) {
            logged(copy.ends, lowering_.log()).compute_at(consumer, loop);
        }
    }
}

void PaddedCopies::slide_along(const Func& consumer, const VarOrRVar& loop, const VarOrRVar& around,
                               const std::optional<LoopTogether>& rows) {
    compute_at(consumer, loop);
    if (loop.name() == around.name()) {
        return;
    }
    for (const Copy& copy : copies_) {
        LoggedSchedule schedule = logged(copy.func, lowering_.log());
        schedule.store_at(consumer, around);
        if (keeps_ends()) {
            logged(copy.ends, lowering_.log()).compute_at(consumer, around);
        }
        if (!rows || lowering_.var(rows->atom).name() != loop.name()) {
            continue;  // Halide finds out how many rows are needed at a time
        }
        const std::vector<ir::IndexedDim>& dims =
            lowering_.region().stages[static_cast<std::size_t>(copy.stage)].index;
        for (std::size_t i = 0; i < dims.size(); ++i) {
            const bool slides = std::ranges::find(dims[i].terms, rows->atom, &ir::AtomTerm::atom) !=
                                dims[i].terms.end();
            if (const std::optional<int> places = places_read(dims[i], *rows); slides && places) {
                schedule.fold_storage(
                    copy.func.args()[dims.size() - 1 - i],
                    static_cast<int>(std::bit_ceil(static_cast<unsigned>(*places))));
            }
        }
    }
}

void PaddedCopies::compute_root() {
    for (const Copy& copy : copies_) {
        logged(copy.func, lowering_.log()).compute_root();
        if (keeps_ends()) {
            logged(copy.ends, lowering_.log()).compute_root();
        }
    }
}

}  // namespace latent::codegen
