#include "passes/partition/region_writer.h"

#include <algorithm>
#include <cstdlib>

namespace latent::passes {

namespace {

/// Loops count elements in 32 bits, and may go past the end by a part of a strip.
constexpr std::int64_t max_merged_extent = (std::int64_t{1} << 31) - 1024;

}  // namespace

void RegionWriter::collect_loads() {
    for (const OpenRegion::Load& load : open_.loads_) {
        loads_.push_back({load.value,
                          load.kind,
                          load.value->type().dtype,
                          atoms_.expand(load.coordinates),
                          load.source_atoms,
                          0,
                          {}});
    }
    for (const OpenRegion::Instance& instance : open_.instances_) {
        std::vector<int>& load_of = load_of_.emplace_back();
        for (std::size_t i = 0; i < instance.operands.size(); ++i) {
            const OpenRegion::Operand& operand = instance.operands[i];
            if (operand.state == OpenRegion::Operand::State::load) {
                load_of.push_back(operand.index);
            } else if (operand.state == OpenRegion::Operand::State::instance) {
                load_of.push_back(-1);
            } else {
                load_of.push_back(static_cast<int>(loads_.size()));
                WrittenLoad load{nullptr,
                                 ir::InputKind::strided,
                                 operand.value->type().dtype,
                                 atoms_.expand(operand.coordinates),
                                 {},
                                 0,
                                 {}};
                if (instance.kind == ir::StageKind::indexed && i == 0) {
                    load.kind = ir::InputKind::indexed;
                    for (const Coordinate& dim : operand.coordinates) {
                        load.source_atoms.push_back(dim.terms[0].atom);
                    }
                } else if (operand.coordinates.empty() &&
                           instance.kind != ir::StageKind::contraction) {
                    load.kind = ir::InputKind::scalar;
                }
                loads_.push_back(std::move(load));
            }
        }
    }
}

void RegionWriter::note(const Coordinates& coordinates) {
    for (const Coordinate& dim : atoms_.expand(coordinates)) {
        for (const ir::AtomTerm& term : dim.terms) {
            if (!open_.is_source_atom(term.atom) &&
                std::ranges::find(order_, term.atom) == order_.end()) {
                order_.push_back(term.atom);
            }
        }
    }
}

void RegionWriter::collect_loop_atoms() {
    for (const OpenRegion::Result& result : open_.results_) {
        note(result.coordinates);
    }
    for (const OpenRegion::Instance& instance : open_.instances_) {
        note(instance.along);
    }
    for (const WrittenLoad& load : loads_) {
        if (load.kind != ir::InputKind::indexed) {
            note(load.coordinates);
        }
    }
}

std::vector<std::int64_t> RegionWriter::strides_of(const ir::Node* value, ir::InputKind kind,
                                                   const Coordinates& coordinates,
                                                   std::span<const int> atoms,
                                                   std::int64_t& offset) const {
    // A pending operand has no buffer yet: any row-major one will do.
    ir::Dims base(coordinates.size(), 1);
    if (value != nullptr && kind != ir::InputKind::affine) {
        base = ir::row_major_strides(value->type().shape.span());
    } else if (value == nullptr) {
        for (std::size_t i = coordinates.size(); i-- > 1;) {
            std::int64_t span = 1;
            for (const ir::AtomTerm& term : coordinates[i].terms) {
                span += std::abs(term.coefficient) * (extent(term.atom) - 1);
            }
            base[i - 1] = base[i] * std::max<std::int64_t>(span, 1);
        }
    }
    std::vector<std::int64_t> strides(atoms.size(), 0);
    offset = 0;
    for (std::size_t dim = 0; dim < coordinates.size(); ++dim) {
        offset += base[dim] * coordinates[dim].offset;
        for (const ir::AtomTerm& term : coordinates[dim].terms) {
            const auto found = std::ranges::find(atoms, term.atom);
            if (found != atoms.end()) {
                strides[static_cast<std::size_t>(found - atoms.begin())] +=
                    base[dim] * term.coefficient;
            }
        }
    }
    return strides;
}

void RegionWriter::compute_strides() {
    for (WrittenLoad& load : loads_) {
        const std::vector<int>& atoms =
            load.kind == ir::InputKind::indexed ? load.source_atoms : order_;
        if (load.kind != ir::InputKind::scalar) {
            load.strides = strides_of(load.value, load.kind, load.coordinates, atoms, load.offset);
        }
    }
    for (const OpenRegion::Result& result : open_.results_) {
        std::int64_t offset = 0;
        const ir::Dims strides = ir::row_major_strides(result.node->type().shape.span());
        result_strides_.push_back(
            result.scatter.empty() ? strides_of(result.node, ir::InputKind::strided,
                                                atoms_.expand(result.coordinates), order_, offset)
                                   : std::vector<std::int64_t>(strides.begin(), strides.end()));
        result_offsets_.push_back(offset);
    }
}

bool RegionWriter::same_role(int outer, int inner) const {
    for (const OpenRegion::Instance& instance : open_.instances_) {
        const std::vector<int> reduced = walk(instance.along);
        const auto reduces = [&](int atom) {
            return std::ranges::find(reduced, atom) != reduced.end();
        };
        if (reduces(outer) != reduces(inner)) {
            return false;
        }
        for (const OpenRegion::IndexDraft& draft : instance.index) {
            for (const ir::AtomTerm& term : draft.dim.terms) {
                // One of a single element is no place that the index could move along.
                if (term.atom == outer || (term.atom == inner && extent(outer) != 1)) {
                    return false;
                }
            }
        }
    }
    return true;
}

void RegionWriter::merge_atoms() {
    std::vector<std::int64_t> extents;
    for (const int atom : order_) {
        extents.push_back(extent(atom));
    }
    // Merging keeps the inner atom's strides; `order_` names the merged atom by its inner one.
    for (std::size_t i = order_.size(); i-- > 1;) {
        const std::size_t outer = i - 1;
        const auto merged_extent = extents[i];
        const auto contiguous_with_merged = [&](const std::vector<std::int64_t>& strides) {
            return strides[outer] == strides[i] * merged_extent;
        };
        bool fits = extents[outer] * merged_extent <= max_merged_extent &&
                    same_role(order_[outer], order_[i]) && !open_.atoms_.takes_steps(order_[i]);
        for (const WrittenLoad& load : loads_) {
            const bool by_atom =
                load.kind == ir::InputKind::strided || load.kind == ir::InputKind::affine;
            fits = fits && (!by_atom || contiguous_with_merged(load.strides));
        }
        for (std::size_t r = 0; r < open_.results_.size(); ++r) {
            fits = fits && open_.results_[r].scatter.empty() &&
                   contiguous_with_merged(result_strides_[r]);
        }
        if (!fits) {
            continue;
        }
        extents[outer] *= extents[i];
        const auto drop_outer = [&](std::vector<std::int64_t>& strides) {
            strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(outer));
        };
        for (WrittenLoad& load : loads_) {
            if (load.kind == ir::InputKind::strided || load.kind == ir::InputKind::affine) {
                drop_outer(load.strides);
            }
        }
        for (std::vector<std::int64_t>& strides : result_strides_) {
            drop_outer(strides);
        }
        merged_into_[order_[outer]] = order_[i];
        order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(outer));
        extents.erase(extents.begin() + static_cast<std::ptrdiff_t>(i));
    }
    step_.extents = std::move(extents);
}

KernelStep OpenRegion::snapshot() const {
    return RegionWriter(*this).write();
}

}  // namespace latent::passes
