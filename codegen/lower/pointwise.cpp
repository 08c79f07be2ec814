#include <algorithm>
#include <optional>

#include "codegen/lower/lowering.h"

namespace latent::codegen {

namespace {

using Halide::Expr;
using Halide::Func;
using Halide::Var;
using Halide::VarOrRVar;

/// Vectors along the innermost dimension, in tasks of rows or of blocks of a row.
void schedule_rows(Lowering& lowering, const Func& out, const std::vector<int>& atoms) {
    const std::vector<Var> loops = lowering.vars(lowering.all_atoms());
    LoggedSchedule schedule = logged(out, lowering.log());
    const Var inner = loops[0];
    const Var lane("lane");
    const Var blocks("blocks");
    // Vectors before blocks, so that only the last vector of a row has a guard. A block is never
    // longer than the row, whose guard would else run through the rest of the block.
    const int width = lowering.vector_width();
    const auto block = static_cast<std::int32_t>(lowering.schedule().block);
    const Expr row_vectors = (lowering.inputs().extent(atoms[0]) + width - 1) / width;
    const Expr block_vectors = Halide::max(Halide::min(row_vectors, block / width), 1);
    schedule.split(inner, inner, lane, width)
        .split(inner, blocks, inner, block_vectors)
        .vectorize(lane)
        .never_partition_all();
    std::vector<VarOrRVar> order{lane, inner};
    order.insert(order.end(), loops.begin() + 1, loops.end());
    order.emplace_back(blocks);
    schedule.reorder(order);
    std::vector<Var> rows(loops.begin() + 1, loops.end());
    rows.push_back(blocks);
    parallel_tasks(schedule, rows, block_vectors * width, block);
}

/// Inputs whose neighbours lie along another dimension than those of the results: copied tile by
/// tile into scratch, in vectors along that dimension, and read from there in vectors along the
/// innermost one. So each cache line is read once, and no vector is gathered from far apart.
class TransposedInputs {
  public:
    TransposedInputs(Lowering& lowering, int row_atom, int vector_atom)
        : lowering_(lowering), row_atom_(row_atom) {
        for (std::size_t i = 0; i < lowering.region().stages.size(); ++i) {
            const ir::Stage& stage = lowering.region().stages[i];
            if (stage.kind != ir::StageKind::load) {
                continue;
            }
            const ir::RegionInput& input =
                lowering.region().inputs[static_cast<std::size_t>(stage.input)];
            if (input.kind == ir::InputKind::strided &&
                input.strides[static_cast<std::size_t>(row_atom)] == ir::StrideClass::one &&
                input.strides[static_cast<std::size_t>(vector_atom)] != ir::StrideClass::zero) {
                stage_copy(static_cast<int>(i));
            }
        }
    }

    void compute_at(const Func& consumer, const Var& loop) {
        for (const Func& tile : tiles_) {
            logged(tile, lowering_.log()).compute_at(consumer, loop);
        }
    }

  private:
    void stage_copy(int stage) {
        // The dimension of the input's neighbours first, then the others.
        std::vector<int> atoms = lowering_.atoms_of(lowering_.span(stage));
        std::ranges::stable_partition(atoms, [&](int atom) { return atom == row_atom_; });
        Func tile(lowering_.name() + "_tile" + std::to_string(stage));
        std::vector<Var> loops;
        for (const int atom : atoms) {
            loops.push_back(lowering_.var(atom));
        }
        tile(loops) = lowering_.stages().at(stage, lowering_.loop_coordinates());
        LoggedSchedule schedule = logged(tile, lowering_.log());
        const Var lane("lane");
        schedule.split(loops[0], loops[0], lane, lowering_.schedule().lanes)
            .vectorize(lane)
            .never_partition_all();
        // Of a constant size, whatever part of the tile there is: strides are constants then.
        const int side = lowering_.schedule().tile_rows;
        for (const int atom : atoms) {
            const bool in_tile = atom == row_atom_ || atom == lowering_.schedule().vector_atom;
            schedule.bound_storage(lowering_.var(atom), in_tile ? side : 1);
        }
        schedule.store_in(Halide::MemoryType::Stack);
        lowering_.stages().define(stage, [tile, atoms](const Coordinates& coordinates) {
            return tile(Lowering::arguments_for(atoms, coordinates));
        });
        tiles_.push_back(tile);
    }

    Lowering& lowering_;
    int row_atom_;
    std::vector<Func> tiles_;
};

/// Square tiles of the vectors' dimension and of `schedule.row_atom`.
void schedule_tiles(Lowering& lowering, const Func& out, TransposedInputs& inputs) {
    const ir::Schedule& chosen = lowering.schedule();
    LoggedSchedule schedule = logged(out, lowering.log());
    const Var column = lowering.var(chosen.vector_atom);
    const Var row = lowering.var(chosen.row_atom);
    const Var lane("lane");
    const Var columns("columns");
    const Var rows("tile_rows");
    const int width = lowering.vector_width();
    const int vectors = std::max(1, chosen.tile_rows / width);
    schedule.split(column, column, lane, width)
        .split(column, columns, column, vectors)
        .split(row, rows, row, chosen.tile_rows)
        .vectorize(lane)
        .never_partition_all();
    std::vector<VarOrRVar> order{lane, column, row};
    std::vector<Var> tiles{columns, rows};
    for (const int atom : lowering.atoms_of(lowering.all_atoms())) {
        if (atom != chosen.vector_atom && atom != chosen.row_atom) {
            tiles.push_back(lowering.var(atom));
        }
    }
    order.insert(order.end(), tiles.begin(), tiles.end());
    schedule.reorder(order);
    const int points = vectors * width * chosen.tile_rows;
    inputs.compute_at(out, parallel_tasks(schedule, tiles, points, chosen.block));
}

}  // namespace

void lower_pointwise(Lowering& lowering) {
    lowering.hoist_numbers();
    const ir::Schedule& schedule = lowering.schedule();
    const std::vector<int> atoms = lowering.atoms_of(lowering.all_atoms());
    std::optional<TransposedInputs> transposed;
    if (schedule.row_atom >= 0) {
        transposed.emplace(lowering, schedule.row_atom, schedule.vector_atom);
    }
    Func out(lowering.name());
    out(lowering.vars(lowering.all_atoms())) = lowering.results_at(lowering.loop_coordinates());
    if (transposed) {
        schedule_tiles(lowering, out, *transposed);
    } else if (!atoms.empty()) {
        schedule_rows(lowering, out, atoms);
    }
    lowering.finish(out, atoms);
}

}  // namespace latent::codegen
