#pragma once

#include <map>
#include <span>
#include <vector>

#include "passes/partition/open_region.h"

namespace latent::passes {

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
    bool stores_short_rows() const;
    bool has_contraction() const;
    bool is_position(const WrittenLoad& load) const;
    void emit();
    int emit_load(int load);
    int position(int atom) const;
    std::vector<int> positions(const std::vector<Coordinate>& coordinates) const;
    std::vector<TermLoop> terms_along(const std::vector<Coordinate>& coordinates) const;
    ir::IndexedDim written(const OpenRegion::IndexDraft& draft,
                           const OpenRegion::Instance* instance);
    static std::vector<ir::StrideClass> classes(std::span<const std::int64_t> strides);
    std::vector<ir::StrideClass> classes_of_read(std::span<const std::int64_t> strides) const;
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
    bool short_rows_ = false;  ///< it stores them
};

}  // namespace latent::passes
