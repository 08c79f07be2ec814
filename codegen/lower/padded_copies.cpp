#include "codegen/lower/padded_copies.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;
using Halide::VarOrRVar;

namespace {

/// `value` where `place` is from 0 up to `extent` and `other_fits` (if defined) is true, else
/// `fill`; chosen by bits. A select of what was loaded would become a load under a mask, which on
/// some processors waits for the stores before it.
Expr chosen_inside(const Expr& value, const Expr& fill, const Expr& place, const Expr& extent,
                   const Expr& other_fits) {
    const Halide::Type bits = Halide::Int(value.type().bits());
    const Expr room = Halide::min(place, extent - 1 - place);
    Expr outside = Halide::cast(bits, room >> 31);  // all bits, or none
    if (other_fits.defined()) {
        outside =
            outside | Halide::select(other_fits, Halide::cast(bits, 0), Halide::cast(bits, -1));
    }
    Expr chosen = Halide::reinterpret(bits, value) & ~outside;
    if (!Halide::Internal::is_const_zero(fill)) {
        chosen = chosen | (Halide::reinterpret(bits, fill) & outside);
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
Expr PaddedCopies::element(int stage, const std::vector<Expr>& positions) const {
    const ir::Stage& read = lowering_.region().stages[static_cast<std::size_t>(stage)];
    const int lanes = lowering_.schedule().lanes;
    std::vector<Expr> indices;
    Expr others_fit;
    Expr last_extent;  // the last dimension is guarded, see is_worth_copying
    for (std::size_t i = 0; i < positions.size(); ++i) {
        Expr index = positions[i];
        if (read.index[i].guarded) {
            const Expr extent = lowering_.inputs().index_extent(
                lowering_.stages().first_dim(stage) + static_cast<int>(i));
            // Of vectors it is enough that they begin inside, for what is past the end may be read.
            const bool last = i + 1 == positions.size();
            if (last) {
                last_extent = extent;
            } else {
                const Expr fits = index >= 0 && index < extent;
                others_fit = others_fit.defined() ? others_fit && fits : fits;
            }
            const Expr start = last ? index / lanes * lanes : index;
            index = Halide::max(Halide::min(start, extent - 1), 0) + (index - start);
        }
        indices.push_back(index);
    }
    const Expr value = lowering_.inputs().load_at(read.input, indices);
    const Expr fill = read.operands.empty()
                          ? Halide::Internal::make_zero(value.type())
                          : lowering_.stages().at(read.operands[0], lowering_.loop_coordinates());
    return chosen_inside(value, fill, positions.back(), last_extent, others_fit);
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
    Func copy(lowering_.name() + "_padded" + std::to_string(stage));
    copy(loops) = element(stage, positions);
    // Vectors begin at multiples of their length, hence at the begin of a row or outside of it.
    logged(copy, lowering_.log())
        .align_bounds(loops[0], lowering_.schedule().lanes)
        .vectorize(loops[0], lowering_.schedule().lanes)
        .never_partition_all();
    copies_.push_back({copy, stage});
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
    }
}

}  // namespace latent::codegen
