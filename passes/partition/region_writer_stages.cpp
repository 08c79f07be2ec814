#include <algorithm>

#include "passes/partition/region_writer.h"

// The inputs, stages and results of a written region.

namespace latent::passes {

int RegionWriter::position(int atom) const {
    for (auto merged = merged_into_.find(atom); merged != merged_into_.end();
         merged = merged_into_.find(atom)) {
        atom = merged->second;
    }
    return static_cast<int>(std::ranges::find(order_, atom) - order_.begin());
}

std::vector<int> RegionWriter::positions(const std::vector<Coordinate>& coordinates) const {
    std::vector<int> result;
    for (const int atom : walk(coordinates)) {
        if (std::ranges::find(result, position(atom)) == result.end()) {
            result.push_back(position(atom));
        }
    }
    std::ranges::sort(result);
    return result;
}

/// The loops over what is reduced along `coordinates`.
std::vector<TermLoop> RegionWriter::terms_along(const std::vector<Coordinate>& coordinates) const {
    const Coordinates along = atoms_.expand(coordinates);
    std::vector<TermLoop> loops;
    for (const int atom : walked_) {
        for (std::size_t dimension = 0; dimension < along.size(); ++dimension) {
            for (const ir::AtomTerm& term : along[dimension].terms) {
                if (term.atom == atom) {
                    loops.push_back({position(atom), static_cast<int>(dimension), term.coefficient,
                                     extent(atom)});
                }
            }
        }
    }
    return loops;
}

std::vector<ir::StrideClass> RegionWriter::classes(std::span<const std::int64_t> strides) {
    std::vector<ir::StrideClass> result;
    for (const std::int64_t stride : strides) {
        result.push_back(stride == 0   ? ir::StrideClass::zero
                         : stride == 1 ? ir::StrideClass::one
                                       : ir::StrideClass::any);
    }
    return result;
}

bool RegionWriter::has_contraction() const {
    return std::ranges::any_of(open_.instances_, [](const OpenRegion::Instance& instance) {
        return instance.kind == ir::StageKind::contraction;
    });
}

/// Filters that are contracted with windows of two dimensions lie along all of the depth.
void RegionWriter::mark_dense(std::vector<ir::StrideClass>& classes,
                              std::span<const std::int64_t> strides, std::size_t tight) const {
    const std::int64_t fixed = step_.region.atoms[tight].fixed;
    if (!has_contraction() || fixed == 0 || tight + 2 != strides.size()) {
        return;
    }
    const std::int64_t dense = fixed * strides[tight];
    for (std::size_t atom = tight; atom-- > 0;) {
        if (strides[atom] == dense) {
            classes[atom] = ir::StrideClass::dense;
            return;
        }
    }
}

/// The same of strides along the region's atoms.
std::vector<ir::StrideClass> RegionWriter::classes_by_atom(
    std::span<const std::int64_t> strides) const {
    std::vector<ir::StrideClass> result = classes(strides);
    const std::int64_t fixed = step_.region.atoms.empty() ? 0 : step_.region.atoms.back().fixed;
    if (fixed > 1 && (result.back() == ir::StrideClass::one ||
                      (short_rows_ && result.back() == ir::StrideClass::zero))) {
        // The innermost of those with this stride: it has extent 1 where there is another.
        std::size_t atom = strides.size() - 1;
        while (atom > 0 && strides[atom] != fixed) {
            --atom;
        }
        if (strides[atom] == fixed) {
            result[atom] = ir::StrideClass::tight;
            mark_dense(result, strides, atom);
        }
    }
    return result;
}

/// The same of what is read: vectors of every second, third or fourth element, and of reversed
/// ones, are shuffled from whole vectors where the code knows the stride. Products and scans have
/// other ways to read such elements.
std::vector<ir::StrideClass> RegionWriter::classes_of_read(
    std::span<const std::int64_t> strides) const {
    std::vector<ir::StrideClass> result = classes_by_atom(strides);
    const bool shuffles = std::ranges::none_of(open_.instances_, [](const auto& instance) {
        return instance.kind == ir::StageKind::contraction || instance.kind == ir::StageKind::scan;
    });
    for (std::size_t atom = 0; shuffles && atom < strides.size(); ++atom) {
        for (const ir::StrideClass shuffled : {ir::StrideClass::two, ir::StrideClass::three,
                                               ir::StrideClass::four, ir::StrideClass::reversed}) {
            if (result[atom] == ir::StrideClass::any &&
                ir::known_stride(step_.region, shuffled) == strides[atom]) {
                result[atom] = shuffled;
            }
        }
    }
    return result;
}

ir::IndexedDim RegionWriter::written(const OpenRegion::IndexDraft& draft,
                                     const OpenRegion::Instance* instance) {
    ir::IndexedDim dim = draft.dim;
    for (ir::AtomTerm& term : dim.terms) {
        term.atom = position(term.atom);
    }
    if (draft.stage_operand >= 0) {
        const auto operand = static_cast<std::size_t>(draft.stage_operand);
        const auto index = static_cast<std::size_t>(instance - open_.instances_.data());
        const int load = load_of_[index][operand];
        dim.stage =
            load >= 0
                ? emit_load(load)
                : stage_of_instance_[static_cast<std::size_t>(instance->operands[operand].index)];
    }
    return dim;
}

int RegionWriter::emit_load(int load) {
    int& stage = stage_of_load_[static_cast<std::size_t>(load)];
    if (stage < 0) {
        ir::Stage written;
        written.kind = ir::StageKind::load;
        written.dtype = loads_[static_cast<std::size_t>(load)].dtype;
        written.input = load;
        stage = static_cast<int>(step_.region.stages.size());
        step_.region.stages.push_back(std::move(written));
        step_.origins.emplace_back();
    }
    return stage;
}

/// Whether the region is elementwise, and stores rows of few elements that lie side by side: the
/// number of these is part of the code, so that vectors of them are read and stored as they lie.
bool RegionWriter::stores_short_rows() const {
    const bool scatters = std::ranges::any_of(
        open_.results_, [](const OpenRegion::Result& result) { return !result.scatter.empty(); });
    if (scatters || step_.extents.size() < 2 || step_.extents.back() < 2 ||
        step_.extents.back() > ir::longest_row_side_by_side) {
        return false;
    }
    const std::size_t innermost = step_.extents.size() - 1;
    const bool is_elementwise =
        std::ranges::all_of(open_.instances_, [](const OpenRegion::Instance& instance) {
            return instance.kind == ir::StageKind::load ||
                   instance.kind == ir::StageKind::constant ||
                   instance.kind == ir::StageKind::elementwise;
        });
    return is_elementwise && step_.extents[innermost - 1] >= ir::least_rows_side_by_side &&
           std::ranges::all_of(result_strides_, [&](const std::vector<std::int64_t>& strides) {
               return strides[innermost] == 1 && strides[innermost - 1] == step_.extents[innermost];
           });
}

/// Whether a load is the place along an atom whose extent is part of the code: what depends on it
/// is known where the loop is unrolled. Not in products, whose rows may end at a position.
bool RegionWriter::is_position(const WrittenLoad& load) const {
    if (load.kind != ir::InputKind::affine || load.offset != 0 ||
        std::ranges::count(load.strides, 0) + 1 != std::ssize(load.strides) || has_contraction()) {
        return false;
    }
    const auto along = std::ranges::find(load.strides, 1);
    return along != load.strides.end() &&
           step_.region.atoms[static_cast<std::size_t>(along - load.strides.begin())].fixed > 0;
}

void RegionWriter::emit() {
    ir::Region& region = step_.region;
    for (std::size_t i = 0; i < order_.size(); ++i) {
        const std::int64_t fixed = atoms_.fixed_extent(order_[i]);
        region.atoms.push_back({fixed == step_.extents[i] ? fixed : 0});  // 0 if merged
    }
    short_rows_ = stores_short_rows();
    if (short_rows_) {
        region.atoms.back().fixed = step_.extents.back();
    }
    for (const WrittenLoad& load : loads_) {
        const bool counts = is_position(load);
        region.inputs.push_back({counts ? ir::InputKind::position : load.kind, load.dtype,
                                 load.kind == ir::InputKind::strided ? classes_of_read(load.strides)
                                                                     : classes(load.strides)});
        std::vector<std::int64_t> extents;
        for (const int atom : load.source_atoms) {
            extents.push_back(extent(atom));
        }
        step_.inputs.push_back({load.kind == ir::InputKind::affine ? nullptr : load.value,
                                load.offset, load.strides, std::move(extents)});
    }
    stage_of_load_.assign(loads_.size(), -1);
    stage_of_instance_.assign(open_.instances_.size(), -1);
    for (std::size_t i = open_.instances_.size(); i-- > 0;) {
        const OpenRegion::Instance& instance = open_.instances_[i];
        const auto operand_stage = [&](std::size_t k) {
            const int load = load_of_[i][k];
            return load >= 0
                       ? emit_load(load)
                       : stage_of_instance_[static_cast<std::size_t>(instance.operands[k].index)];
        };
        if (instance.kind == ir::StageKind::load) {
            stage_of_instance_[i] = operand_stage(0);
            continue;
        }
        ir::Stage stage;
        stage.kind = instance.kind;
        stage.dtype = instance.node->type().dtype;
        if (instance.kind == ir::StageKind::constant) {
            stage.literal = instance.node->attributes_as<ir::ConstantAttributes>().value;
        } else if (instance.kind != ir::StageKind::indexed) {
            // A fold sums what the windows hold.
            stage.op =
                instance.node->op() == ir::Op::fold ? ir::Op::reduce_sum : instance.node->op();
        }
        stage.atoms = positions(instance.along);
        stage.reverse = instance.kind == ir::StageKind::scan &&
                        instance.node->attributes_as<ir::ScanAttributes>().reverse;
        std::vector<bool> is_index(instance.operands.size(), false);
        for (const OpenRegion::IndexDraft& draft : instance.index) {
            stage.index.push_back(written(draft, &instance));
            step_.indices.push_back(draft.binding);
            if (draft.stage_operand >= 0) {
                is_index[static_cast<std::size_t>(draft.stage_operand)] = true;
            }
        }
        for (std::size_t k = 0; k < instance.operands.size(); ++k) {
            if (instance.kind == ir::StageKind::indexed && k == 0) {
                stage.input = load_of_[i][k];
            } else if (!is_index[k]) {
                stage.operands.push_back(operand_stage(k));
            }
        }
        stage_of_instance_[i] = static_cast<int>(region.stages.size());
        step_.origins.push_back({instance.node, stage.kind == ir::StageKind::scan
                                                    ? std::vector<TermLoop>()
                                                    : terms_along(instance.along)});
        region.stages.push_back(std::move(stage));
        if (instance.kind != ir::StageKind::constant &&
            (step_.nodes.empty() || step_.nodes.back() != instance.node)) {
            step_.nodes.push_back(instance.node);
        }
    }
    for (std::size_t i = 0; i < open_.results_.size(); ++i) {
        const OpenRegion::Result& result = open_.results_[i];
        ir::RegionResult written_result;
        written_result.stage = stage_of_instance_[static_cast<std::size_t>(result.instance)];
        written_result.strides = result.scatter.empty() ? classes_by_atom(result_strides_[i])
                                                        : classes(result_strides_[i]);
        for (const OpenRegion::IndexDraft& draft : result.scatter) {
            written_result.scatter.push_back(
                written(draft, &open_.instances_[static_cast<std::size_t>(result.instance)]));
            step_.indices.push_back(draft.binding);
        }
        region.results.push_back(std::move(written_result));
        step_.results.push_back({result.node, result_offsets_[i], result_strides_[i]});
    }
    step_.classification = ir::classify(region);
}

}  // namespace latent::passes
