#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>

#include "passes/partition/open_region.h"

namespace latent::passes {

namespace {

/// A load of the written region: one that is decided, or a stand-in for a pending operand.
struct WrittenLoad {
    const ir::Node* value = nullptr;
    ir::InputKind kind = ir::InputKind::strided;
    DType dtype = DType::f32;
    Coordinates coordinates;
    std::vector<int> source_atoms;
    std::int64_t offset = 0;
    std::vector<std::int64_t> strides;  ///< by atom of the region, or by dimension of the source
};

/// Loops count elements in 32 bits, and may go past the end by a part of a strip.
constexpr std::int64_t max_merged_extent = (std::int64_t{1} << 31) - 1024;

}  // namespace

/// Turns an open region into a Region with its numbers: orders the loop atoms, merges those that
/// are contiguous in all that is read and written, and numbers the stages.
class RegionWriter {
  public:
    explicit RegionWriter(const OpenRegion& open) : open_(open), atoms_(open.atoms_) {}

    KernelStep write() {
        collect_loads();
        collect_loop_atoms();
        order_atoms();
        compute_strides();
        walked_ = order_;
        merge_atoms();
        emit();
        return std::move(step_);
    }

  private:
    std::int64_t extent(int atom) const { return atoms_.extent(atom); }

    void collect_loads();
    void collect_loop_atoms();
    void note(const Coordinates& coordinates);
    std::vector<int> walk(const Coordinates& coordinates) const;
    std::vector<std::size_t> memory_order(const WrittenLoad& load,
                                          std::span<const int> atoms) const;
    std::vector<int> walk_index(std::size_t instance) const;
    void order_atoms();
    void order_contracted(std::size_t instance);
    void compute_strides();
    std::vector<std::int64_t> strides_of(const ir::Node* value, ir::InputKind kind,
                                         const Coordinates& coordinates, std::span<const int> atoms,
                                         std::int64_t& offset) const;
    void merge_atoms();
    bool same_role(int outer, int inner) const;
    void emit();
    int emit_load(int load);
    int position(int atom) const;
    std::vector<int> positions(const std::vector<Coordinate>& coordinates) const;
    std::vector<TermLoop> terms_along(const std::vector<Coordinate>& coordinates) const;
    ir::IndexedDim written(const OpenRegion::IndexDraft& draft,
                           const OpenRegion::Instance* instance);
    static std::vector<ir::StrideClass> classes(std::span<const std::int64_t> strides);
    std::vector<ir::StrideClass> classes_by_atom(std::span<const std::int64_t> strides) const;
    void mark_dense(std::vector<ir::StrideClass>& classes, std::span<const std::int64_t> strides,
                    std::size_t tight) const;

    const OpenRegion& open_;
    const AtomTable& atoms_;
    KernelStep step_;
    std::vector<WrittenLoad> loads_;
    /// For each instance and operand: the written load, or -1.
    std::vector<std::vector<int>> load_of_;
    std::vector<int> order_;          ///< loop atoms, outermost first
    std::vector<int> walked_;         ///< the same before any were merged
    std::map<int, int> merged_into_;  ///< an outer atom and the inner one that took it in
    std::vector<std::int64_t> result_offsets_;
    std::vector<std::vector<std::int64_t>> result_strides_;  ///< by loop atom
    std::vector<int> stage_of_instance_;
    std::vector<int> stage_of_load_;
};

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

std::vector<int> RegionWriter::walk(const Coordinates& coordinates) const {
    std::vector<int> result;
    for (const Coordinate& dim : atoms_.expand(coordinates)) {
        for (const ir::AtomTerm& term : dim.terms) {
            if (std::ranges::find(result, term.atom) == result.end() &&
                !open_.is_source_atom(term.atom)) {
                result.push_back(term.atom);
            }
        }
    }
    return result;
}

/// The places of `atoms` in their list, from the one that moves farthest in what is loaded on.
std::vector<std::size_t> RegionWriter::memory_order(const WrittenLoad& load,
                                                    std::span<const int> atoms) const {
    std::int64_t offset = 0;
    const std::vector<std::int64_t> strides =
        strides_of(load.value, load.kind, load.coordinates, atoms, offset);
    std::vector<std::size_t> order(atoms.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](std::size_t place) { return std::abs(strides[place]); });
    return order;
}

/// In the order in which what an indexed instance reads lies in memory.
std::vector<int> RegionWriter::walk_index(std::size_t instance) const {
    const std::vector<OpenRegion::IndexDraft>& index = open_.instances_[instance].index;
    std::vector<std::size_t> dims(index.size());
    std::iota(dims.begin(), dims.end(), std::size_t{0});
    if (!index.empty() && load_of_[instance][0] >= 0) {
        const WrittenLoad& load = loads_[static_cast<std::size_t>(load_of_[instance][0])];
        dims = memory_order(load, load.source_atoms);
    }
    std::vector<int> result;
    for (const std::size_t dim : dims) {
        for (const ir::AtomTerm& term : index[dim].dim.terms) {
            if (std::ranges::find(result, term.atom) == result.end()) {
                result.push_back(term.atom);
            }
        }
    }
    return result;
}

void RegionWriter::order_atoms() {
    // The results decide the order where they have all atoms or where a contraction's atoms follow
    // them; else the input that varies along most atoms does, for that is the one whose memory
    // order matters most.
    std::vector<int> order = walk(open_.results_[0].coordinates);
    const bool contraction = std::ranges::any_of(open_.instances_, [](const auto& instance) {
        return instance.kind == ir::StageKind::contraction;
    });
    if (order.size() < order_.size() && !contraction) {
        std::vector<int> reference;
        for (std::size_t i = 0; i < open_.instances_.size(); ++i) {
            std::vector<int> atoms = walk_index(i);
            if (atoms.size() > reference.size()) {
                reference = std::move(atoms);
            }
        }
        for (const WrittenLoad& load : loads_) {
            if (load.kind == ir::InputKind::indexed || load.kind == ir::InputKind::scalar) {
                continue;
            }
            std::vector<int> atoms = walk(load.coordinates);
            if (atoms.size() <= reference.size()) {
                continue;
            }
            if (load.value != nullptr) {
                std::int64_t offset = 0;
                const auto strides =
                    strides_of(load.value, load.kind, load.coordinates, atoms, offset);
                std::vector<std::size_t> by_stride(atoms.size());
                for (std::size_t i = 0; i < atoms.size(); ++i) {
                    by_stride[i] = i;
                }
                std::ranges::stable_sort(by_stride, [&](std::size_t a, std::size_t b) {
                    return std::abs(strides[a]) > std::abs(strides[b]);
                });
                std::vector<int> sorted;
                for (const std::size_t i : by_stride) {
                    sorted.push_back(atoms[i]);
                }
                atoms = std::move(sorted);
            }
            reference = std::move(atoms);
        }
        // One of a single element stays before its neighbour, into which it may merge.
        for (std::size_t i = order.size() - std::min<std::size_t>(order.size(), 1); i-- > 0;) {
            const auto neighbour = std::ranges::find(reference, order[i + 1]);
            if (extent(order[i]) == 1 && neighbour != reference.end() &&
                std::ranges::find(reference, order[i]) == reference.end()) {
                reference.insert(neighbour, order[i]);
            }
        }
        std::erase_if(
            order, [&](int atom) { return std::ranges::find(reference, atom) != reference.end(); });
        order.insert(order.end(), reference.begin(), reference.end());
    }
    for (const int atom : order_) {
        if (std::ranges::find(order, atom) == order.end()) {
            order.push_back(atom);
        }
    }
    order_ = std::move(order);
    for (std::size_t i = 0; i < open_.instances_.size(); ++i) {
        order_contracted(i);
    }
}

/// Contracted dimensions are walked as the operand with more dimensions, the image of a
/// convolution, has them in memory: channels that lie last are summed first. (Extents would ask for
/// another order with another batch.)
void RegionWriter::order_contracted(std::size_t instance) {
    const std::vector<int> along = walk(open_.instances_[instance].along);
    if (open_.instances_[instance].kind != ir::StageKind::contraction || along.size() < 2) {
        return;
    }
    const WrittenLoad* image = nullptr;
    std::size_t most_atoms = 0;
    for (const int load : load_of_[instance]) {
        if (load < 0) {
            continue;
        }
        const std::size_t atoms = walk(loads_[static_cast<std::size_t>(load)].coordinates).size();
        if (atoms > most_atoms) {
            image = &loads_[static_cast<std::size_t>(load)];
            most_atoms = atoms;
        }
    }
    if (image == nullptr) {
        return;
    }
    const std::vector<std::size_t> by_memory = memory_order(*image, along);
    auto next = by_memory.begin();
    for (int& atom : order_) {
        if (std::ranges::find(along, atom) != along.end()) {
            atom = along[*next++];
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
                    same_role(order_[outer], order_[i]);
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

/// Filters that are contracted with windows of two dimensions lie along all of the depth.
void RegionWriter::mark_dense(std::vector<ir::StrideClass>& classes,
                              std::span<const std::int64_t> strides, std::size_t tight) const {
    const bool contracts = std::ranges::any_of(open_.instances_, [](const auto& instance) {
        return instance.kind == ir::StageKind::contraction;
    });
    const std::int64_t fixed = step_.region.atoms[tight].fixed;
    if (!contracts || fixed == 0 || tight + 2 != strides.size()) {
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
    if (fixed > 1 && result.back() == ir::StrideClass::one) {
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

void RegionWriter::emit() {
    ir::Region& region = step_.region;
    for (std::size_t i = 0; i < order_.size(); ++i) {
        const std::int64_t fixed = atoms_.fixed_extent(order_[i]);
        region.atoms.push_back({fixed == step_.extents[i] ? fixed : 0});  // 0 if merged
    }
    for (const WrittenLoad& load : loads_) {
        region.inputs.push_back({load.kind, load.dtype,
                                 load.kind == ir::InputKind::strided ? classes_by_atom(load.strides)
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

KernelStep OpenRegion::snapshot() const {
    return RegionWriter(*this).write();
}

}  // namespace latent::passes
