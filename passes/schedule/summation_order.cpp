#include "passes/schedule/summation_order.h"

#include <algorithm>
#include <bit>

#include "passes/schedule/atom_set.h"
#include "passes/schedule/schedule.h"

namespace latent::passes {

namespace {

/// Unpacked rows that are summed in vectors have so many of them.
constexpr int vectors_of_row_dots = 4;

std::uint64_t all_atoms(const ir::Region& region) {
    return (std::uint64_t{1} << region.atoms.size()) - 1;
}

/// The orders of one kernel, decided as lowering decides them.
class Orders {
  public:
    Orders(const ir::Region& region, const ir::Classification& classification,
           const ir::Schedule& schedule, std::span<const std::int64_t> extents)
        : region_(region),
          classification_(classification),
          schedule_(schedule),
          extents_(extents),
          spans_(ir::spans(region)) {}

    SummationOrder of(const ir::Stage& stage) const {
        if (stage.kind == ir::StageKind::contraction) {
            return of_contraction(stage);
        }
        const std::uint64_t reduced = ir::mask_of(stage.atoms);
        SummationOrder order;
        if (has(reduced, schedule_.vector_atom)) {
            order.vector_atom = schedule_.vector_atom;
            order.lanes = schedule_.lanes;
            order.vectors = schedule_.unroll;
        }
        if (schedule_.kind == ir::Template::reduction && reduced == classification_.final_atoms) {
            order.blocks = blocks();
        }
        return order;
    }

  private:
    SummationOrder::Blocks blocks() const {
        const std::uint64_t final_atoms = classification_.final_atoms;
        SummationOrder::Blocks blocks;
        blocks.points = schedule_.block;
        blocks.cut_extent = extents_[static_cast<std::size_t>(std::countr_zero(final_atoms))];
        if (has(final_atoms, schedule_.vector_atom)) {
            blocks.padded = copies_padding();
            blocks.whole_rows = sums_windows_by_rows();
            blocks.rows = schedule_.row_atom < 0 ? 0 : schedule_.tile_rows;
        } else {
            blocks.kept_points = 1;
            blocks.row_points = 1;
            for (int atom = 0; atom < static_cast<int>(extents_.size()); ++atom) {
                const std::int64_t kept =
                    has(final_atoms, atom) ? 1 : extents_[static_cast<std::size_t>(atom)];
                blocks.kept_points *= kept;
                blocks.row_points *= atom > std::countr_zero(final_atoms) ? kept : 1;
            }
        }
        return blocks;
    }

    /// Whether the sums for all elements of a window, along the innermost of several atoms that are
    /// kept, are taken in one walk, row by row.
    bool sums_windows_by_rows() const {
        const std::uint64_t kept = all_atoms(region_) & ~classification_.final_atoms;
        if (std::popcount(kept) < 2 || classification_.final_reductions.size() != 1 ||
            std::countr_zero(classification_.final_atoms) == schedule_.vector_atom) {
            return false;
        }
        const auto innermost = static_cast<std::size_t>(std::bit_width(kept) - 1);
        const std::int64_t fixed = region_.atoms[innermost].fixed;
        return fixed > 1 && fixed * schedule_.unroll <= ir::most_sums;
    }

    /// Whether windows along which vectors run are read through a copy of their padding.
    bool copies_padding() const {
        return std::ranges::any_of(region_.stages, [&](const ir::Stage& stage) {
            return ir::reads_padded_windows(region_, stage, schedule_.vector_atom);
        });
    }

    SummationOrder of_contraction(const ir::Stage& stage) const {
        std::uint64_t varies = 0;
        for (const int operand : stage.operands) {
            varies |= spans_[static_cast<std::size_t>(operand)];
        }
        SummationOrder order;
        // A product that is added repeatedly may leave the loop, and is rounded then.
        const bool repeats = (ir::mask_of(stage.atoms) & ~varies) != 0;
        const bool in_chain = schedule_.kind != ir::Template::contraction;
        if (repeats || (!in_chain && (schedule_.row_atom < 0 || schedule_.vector_atom < 0))) {
            order.form = {schedule_.packing, schedule_.tile_rows > 0, in_chain};
        }
        if (in_chain) {
            return order;  // one after the other
        }
        const int depth_atom = stage.atoms.empty() ? -1 : *std::ranges::max_element(stage.atoms);
        if (is_summed_in_vectors(stage, depth_atom)) {
            order.vector_atom = depth_atom;
            order.lanes = schedule_.lanes;
            order.vectors = schedule_.packing == ir::Packing::dots ? 1 : vectors_of_row_dots;
            order.along_all = schedule_.packing == ir::Packing::dots && columns_are_one_run(stage);
        }
        return order;
    }

    bool columns_are_one_run(const ir::Stage& stage) const {
        return stage.atoms.size() > 1 && std::ranges::any_of(stage.operands, [&](int operand) {
                   const auto i = static_cast<std::size_t>(operand);
                   return has(spans_[i], schedule_.vector_atom) &&
                          ir::lies_along(region_, region_.stages[i], stage.atoms);
               });
    }

    /// In tiles that are made for it; or nothing is packed or in tiles, and each operand is
    /// contiguous along the depth, but not along its rows or columns.
    bool is_summed_in_vectors(const ir::Stage& stage, int depth_atom) const {
        if (schedule_.packing == ir::Packing::dots) {
            return true;
        }
        return schedule_.packing == ir::Packing::none && schedule_.tile_rows == 0 &&
               std::ranges::all_of(stage.operands, [&](int operand) {
                   const bool is_columns =
                       has(spans_[static_cast<std::size_t>(operand)], schedule_.vector_atom);
                   const int free = is_columns ? schedule_.vector_atom : schedule_.row_atom;
                   return is_contiguous(region_, operand, depth_atom) &&
                          !is_contiguous(region_, operand, free);
               });
    }

    const ir::Region& region_;
    const ir::Classification& classification_;
    const ir::Schedule& schedule_;
    std::span<const std::int64_t> extents_;
    const std::vector<std::uint64_t> spans_;
};

}  // namespace

bool depends_on_order(const ir::Stage& stage) {
    return is_floating(stage.dtype) &&
           (stage.kind == ir::StageKind::contraction ||
            (stage.kind == ir::StageKind::reduce &&
             (stage.op == ir::Op::reduce_sum || stage.op == ir::Op::reduce_prod)));
}

std::vector<std::optional<SummationOrder>> summation_orders(
    const ir::Region& region, const ir::Classification& classification,
    const ir::Schedule& schedule, std::span<const std::int64_t> extents) {
    const Orders orders(region, classification, schedule, extents);
    std::vector<std::optional<SummationOrder>> result;
    for (const ir::Stage& stage : region.stages) {
        result.push_back(depends_on_order(stage) ? std::optional(orders.of(stage)) : std::nullopt);
    }
    return result;
}

}  // namespace latent::passes
