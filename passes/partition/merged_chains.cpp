#include "passes/partition/merged_chains.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "passes/partition/canonical_step.h"
#include "passes/partition/region_dependences.h"

namespace latent::passes {

namespace {

bool is_chain(const KernelStep& step) {
    return step.classification.kind == ir::Template::row_chain;
}

std::vector<int> atoms_of(const std::vector<ir::StrideClass>& strides) {
    std::vector<int> atoms;
    for (std::size_t i = 0; i < strides.size(); ++i) {
        if (strides[i] != ir::StrideClass::zero) {
            atoms.push_back(static_cast<int>(i));
        }
    }
    return atoms;
}

const ir::Stage& stage(const KernelStep& step, int i) {
    return step.region.stages[static_cast<std::size_t>(i)];
}

/// Whether two products are of the same values, perhaps along different loops.
bool have_same_values(const KernelStep& a, int product, const KernelStep& b, int other) {
    return std::ranges::equal(
        stage(a, product).operands, stage(b, other).operands, [&](int read, int other_read) {
            return a.inputs[static_cast<std::size_t>(stage(a, read).input)].value ==
                   b.inputs[static_cast<std::size_t>(stage(b, other_read).input)].value;
        });
}

bool may_share_product(const KernelStep& a, const KernelStep& b) {
    return std::ranges::any_of(a.classification.row_contractions, [&](int product) {
        return std::ranges::any_of(b.classification.row_contractions, [&](int other) {
            return have_same_values(a, product, b, other);
        });
    });
}

/// A step with what another one computes besides.
class MergedChain {
  public:
    MergedChain(const KernelStep& step, const KernelStep& added)
        : merged_(step), added_(added), atom_(added.extents.size(), -1) {}

    /// Nothing where no product would be spared, or no kernel computes both.
    std::optional<KernelStep> merge(std::size_t max_stages) {
        if (reads_tight(merged_) || reads_tight(added_) || !map_loops() || !map_products()) {
            return std::nullopt;
        }
        add_stages();
        if (merged_.region.stages.size() > max_stages) {
            return std::nullopt;
        }
        add_results();
        KernelStep result = canonical(merged_);
        if (!is_chain(result)) {
            return std::nullopt;
        }
        return result;
    }

  private:
    /// Whether a stride is the extent of the last atom, which another one may be after the merge.
    static bool reads_tight(const KernelStep& step) {
        return std::ranges::any_of(step.region.inputs, [](const ir::RegionInput& input) {
            return std::ranges::find(input.strides, ir::StrideClass::tight) != input.strides.end();
        });
    }
    /// From now on an atom of the added step is that one of the merged step.
    bool map(int from, int to) {
        const auto i = static_cast<std::size_t>(from);
        const auto k = static_cast<std::size_t>(to);
        if (atom_[i] >= 0) {
            return atom_[i] == to;
        }
        if (added_.extents[i] != merged_.extents[k] ||
            added_.region.atoms[i] != merged_.region.atoms[k]) {
            return false;
        }
        atom_[i] = to;
        return true;
    }

    bool map_all(const std::vector<int>& from, const std::vector<int>& to) {
        bool mapped = from.size() == to.size();
        for (std::size_t i = 0; mapped && i < from.size(); ++i) {
            mapped = map(from[i], to[i]);
        }
        return mapped;
    }

    /// The loops of the results, and that over the row.
    bool map_loops() {
        return map_all(atoms_of(added_.region.results[0].strides),
                       atoms_of(merged_.region.results[0].strides)) &&
               map(std::countr_zero(added_.classification.row_atoms),
                   std::countr_zero(merged_.classification.row_atoms));
    }

    /// The loops of products that both compute, and new ones for those of others. False where there
    /// is none of both.
    bool map_products() {
        bool found = false;
        for (const int product : added_.classification.row_contractions) {
            const std::vector<int>& atoms = stage(added_, product).atoms;
            const bool same =
                std::ranges::any_of(merged_.classification.row_contractions, [&](int candidate) {
                    const std::vector<int> before = atom_;
                    const bool is_same = map_all(atoms, stage(merged_, candidate).atoms) &&
                                         reads_same(product, candidate);
                    if (!is_same) {
                        atom_ = before;
                    }
                    return is_same;
                });
            found = found || same;
            for (const int atom : atoms) {
                if (atom_[static_cast<std::size_t>(atom)] < 0) {
                    add_atom(atom);
                }
            }
        }
        return found;
    }

    bool reads_same(int product, int candidate) const {
        const std::vector<int>& added = stage(added_, product).operands;
        const std::vector<int>& merged = stage(merged_, candidate).operands;
        for (std::size_t i = 0; i < added.size(); ++i) {
            const auto from = static_cast<std::size_t>(stage(added_, added[i]).input);
            const auto to = static_cast<std::size_t>(stage(merged_, merged[i]).input);
            if (mapped(added_.inputs[from]) != merged_.inputs[to]) {
                return false;
            }
        }
        return true;
    }

    void add_atom(int atom) {
        const auto i = static_cast<std::size_t>(atom);
        atom_[i] = static_cast<int>(merged_.extents.size());
        merged_.extents.push_back(added_.extents[i]);
        merged_.region.atoms.push_back(added_.region.atoms[i]);
        for (std::size_t k = 0; k < merged_.inputs.size(); ++k) {
            if (merged_.region.inputs[k].kind != ir::InputKind::scalar) {
                merged_.region.inputs[k].strides.push_back(ir::StrideClass::zero);
                merged_.inputs[k].strides.push_back(0);
            }
        }
        for (std::size_t k = 0; k < merged_.results.size(); ++k) {
            merged_.region.results[k].strides.push_back(ir::StrideClass::zero);
            merged_.results[k].strides.push_back(0);
        }
    }

    /// What is known of the atoms of the added step, by those of the merged one.
    template <typename Stride>
    std::vector<Stride> mapped(const std::vector<Stride>& strides) const {
        if (strides.empty()) {
            return {};
        }
        std::vector<Stride> result(merged_.extents.size(), Stride{});
        for (std::size_t i = 0; i < strides.size(); ++i) {
            if (atom_[i] >= 0) {
                result[static_cast<std::size_t>(atom_[i])] = strides[i];
            }
        }
        return result;
    }

    InputBinding mapped(InputBinding input) const {
        input.strides = mapped(input.strides);
        return input;
    }

    /// The merged step's input that is one of the added step's.
    int mapped_input(int input) {
        const auto from = static_cast<std::size_t>(input);
        ir::RegionInput wanted = added_.region.inputs[from];
        wanted.strides = mapped(wanted.strides);
        const InputBinding bound = mapped(added_.inputs[from]);
        std::size_t k = 0;
        while (k < merged_.inputs.size() &&
               (merged_.region.inputs[k] != wanted || merged_.inputs[k] != bound)) {
            ++k;
        }
        if (k == merged_.inputs.size()) {
            merged_.region.inputs.push_back(std::move(wanted));
            merged_.inputs.push_back(bound);
        }
        return static_cast<int>(k);
    }

    void add_stages() {
        for (std::size_t i = 0; i < added_.region.stages.size(); ++i) {
            ir::Stage wanted = added_.region.stages[i];
            for (int& operand : wanted.operands) {
                operand = stage_[static_cast<std::size_t>(operand)];
            }
            for (int& atom : wanted.atoms) {
                atom = atom_[static_cast<std::size_t>(atom)];
            }
            if (wanted.input >= 0) {
                wanted.input = mapped_input(wanted.input);
            }
            const auto found = std::ranges::find(merged_.region.stages, wanted);
            stage_.push_back(static_cast<int>(found - merged_.region.stages.begin()));
            if (found == merged_.region.stages.end()) {
                merged_.region.stages.push_back(std::move(wanted));
                StageOrigin& origin = merged_.origins.emplace_back(added_.origins[i]);
                for (TermLoop& loop : origin.terms) {
                    loop.atom = atom_[static_cast<std::size_t>(loop.atom)];
                }
            }
        }
        for (const ir::Node* node : added_.nodes) {
            if (std::ranges::find(merged_.nodes, node) == merged_.nodes.end()) {
                merged_.nodes.push_back(node);
            }
        }
    }

    void add_results() {
        for (std::size_t i = 0; i < added_.results.size(); ++i) {
            ir::RegionResult result = added_.region.results[i];
            result.stage = stage_[static_cast<std::size_t>(result.stage)];
            result.strides = mapped(result.strides);
            merged_.region.results.push_back(std::move(result));
            ResultBinding bound = added_.results[i];
            bound.strides = mapped(bound.strides);
            merged_.results.push_back(std::move(bound));
        }
    }

    KernelStep merged_;
    const KernelStep& added_;
    std::vector<int> atom_;   ///< of the merged step, by that of the added one
    std::vector<int> stage_;  ///< the same of stages
};

/// Step `gone` is from now on what step `kept` does besides.
void forget(std::vector<std::vector<int>>& needs, int kept, int gone) {
    std::vector<int>& needed = needs[static_cast<std::size_t>(kept)];
    const std::vector<int>& more = needs[static_cast<std::size_t>(gone)];
    needed.insert(needed.end(), more.begin(), more.end());
    needs.erase(needs.begin() + gone);
    for (std::vector<int>& list : needs) {
        for (int& step : list) {
            step = step == gone ? kept : step;
            step -= step > gone ? 1 : 0;
        }
        std::ranges::sort(list);
        const auto repeated = std::ranges::unique(list);
        list.erase(repeated.begin(), repeated.end());
    }
}

}  // namespace

void merge_chains(std::vector<KernelStep>& steps, std::vector<std::vector<int>>& needs,
                  std::size_t max_stages) {
    const auto needs_other = [&](int step, int on) {
        return depends(needs.size(), step, on, [&](int next) -> const std::vector<int>& {
            return needs[static_cast<std::size_t>(next)];
        });
    };
    for (int kept = 0; kept < static_cast<int>(steps.size()); ++kept) {
        for (int other = kept + 1; other < static_cast<int>(steps.size()); ++other) {
            KernelStep& step = steps[static_cast<std::size_t>(kept)];
            const KernelStep& added = steps[static_cast<std::size_t>(other)];
            if (!is_chain(step) || !is_chain(added) || !may_share_product(step, added) ||
                needs_other(kept, other) || needs_other(other, kept)) {
                continue;
            }
            if (std::optional<KernelStep> merged = MergedChain(step, added).merge(max_stages)) {
                step = std::move(*merged);
                steps.erase(steps.begin() + other);
                forget(needs, kept, other);
                --other;
            }
        }
    }
}

}  // namespace latent::passes
