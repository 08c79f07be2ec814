#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ir/node_map.h"
#include "passes/partition/coordinates.h"
#include "passes/partition/partition.h"

namespace latent::passes {

/// What a consumer asks of a value, the least first.
enum class Need : std::uint8_t {
    any,      ///< computed in place or read
    address,  ///< read at sums of atoms that may cover parts of dimensions: not computed in place
    buffer,   ///< read from a buffer (operands of contractions and of indexed reads)
};

/// A place in an open region where a value is needed: operand `operand` of instance `instance`, at
/// `coordinates`.
struct Request {
    int region = 0;
    int instance = 0;
    int operand = 0;
    Coordinates coordinates;
    Need need = Need::any;
};

/// A region that still grows from its results towards its inputs. Instances are stages in reverse
/// order.
class OpenRegion {
  public:
    struct Operand {
        enum class State { pending, instance, load } state = State::pending;
        int index = -1;
        const ir::Node* value = nullptr;
        Coordinates coordinates;
    };
    struct IndexDraft {
        ir::IndexedDim dim;
        IndexBinding binding;
        int stage_operand = -1;  ///< operand of the instance that gives the index at run time
    };
    /// A stage to be. Of kind `load` it stands for its first operand itself (a result that is a
    /// copy).
    struct Instance {
        const ir::Node* node = nullptr;
        ir::StageKind kind = ir::StageKind::elementwise;
        /// The dimensions that are reduced, or that of a scan.
        std::vector<Coordinate> along;
        std::vector<Operand> operands;
        std::vector<IndexDraft> index;
    };
    struct Load {
        const ir::Node* value = nullptr;
        ir::InputKind kind = ir::InputKind::strided;
        Coordinates coordinates;
        std::vector<int> source_atoms;  ///< indexed: one for each dimension of the source
    };
    struct Result {
        const ir::Node* node = nullptr;
        int instance = -1;
        Coordinates coordinates;
        std::vector<IndexDraft> scatter;
    };

    AtomTable& atoms() { return atoms_; }
    const AtomTable& atoms() const { return atoms_; }

    /// Adds an instance without operands; the caller requests them.
    int add_instance(const ir::Node* node, ir::StageKind kind);
    Instance& instance(int i) { return instances_[static_cast<std::size_t>(i)]; }
    const Instance& instance(int i) const { return instances_[static_cast<std::size_t>(i)]; }
    std::size_t instance_count() const { return instances_.size(); }

    /// Appends a pending operand and returns its position.
    int add_operand(int instance, const ir::Node* value, Coordinates coordinates);
    /// Appends an operand that is the other instance.
    void link_operand(int instance, int operand_instance);
    void settle_with_instance(const Request& request, int instance);
    /// The operand comes from memory (or is a number, or an iota).
    void settle_with_load(const Request& request, const ir::Node* value,
                          const Coordinates& coordinates);

    void add_result(const ir::Node* node, int instance, Coordinates coordinates);
    /// Before the others, which are rows beside what it reduces.
    void add_first_result(const ir::Node* node, int instance, Coordinates coordinates);
    const std::vector<Result>& results() const { return results_; }
    std::vector<Result>& results() { return results_; }
    std::span<const Load> loads() const { return loads_; }

    /// Whether storing a value at `coordinates` walks the same atoms in the same order as the
    /// results so far.
    bool stores_like_results(const Coordinates& coordinates) const;
    /// Whether it walks, in their order, all that a reduction here takes in, and more than the
    /// results do.
    bool stores_what_is_reduced(const Coordinates& coordinates) const;
    /// Whether it walks none but these atoms, in any order.
    bool stores_rows_of_results(const Coordinates& coordinates) const;

    /// Where loops have asked for `value` so far, and adding to it. What an indexed read covers is
    /// no loop.
    void note_seen(const ir::Node* value, const Coordinates& coordinates);
    std::span<const Coordinates> seen(const ir::Node* value) const;

    /// A source dimension of an indexed read: an atom that is no loop.
    int add_source_atom(std::int64_t extent);
    bool is_source_atom(int atom) const {
        return static_cast<std::size_t>(atom) < source_atom_.size() &&
               source_atom_[static_cast<std::size_t>(atom)];
    }

    /// The region as it would be if all that is pending were read from memory, with its numbers.
    KernelStep snapshot() const;

  private:
    friend class RegionWriter;

    /// The atoms that a value at `coordinates` varies along, outermost first.
    std::vector<int> atoms_along(const Coordinates& coordinates) const;

    AtomTable atoms_;
    std::vector<Instance> instances_;
    std::vector<Load> loads_;
    std::vector<Result> results_;
    std::vector<bool> source_atom_;
    ir::NodeMap<std::vector<Coordinates>> seen_;
};

}  // namespace latent::passes
