#include <algorithm>
#include <bit>

#include "ir/region.h"

namespace latent::ir {

namespace {

Classification reject(std::string reason) {
    Classification result;
    result.reason = std::move(reason);
    return result;
}

/// What `classify` looks at, gathered once.
struct Census {
    std::uint64_t all = 0;  ///< every atom
    std::vector<std::uint64_t> span;
    std::vector<int> reductions;
    std::vector<int> contractions;
    std::vector<int> scans;
    /// For each stage, whether a reduction is among what it is computed from (itself included).
    std::vector<bool> after_reduction;

    explicit Census(const Region& region) : span(spans(region)) {
        all = region.atoms.empty() ? 0 : ~std::uint64_t{0} >> (64 - region.atoms.size());
        for (std::size_t i = 0; i < region.stages.size(); ++i) {
            const Stage& stage = region.stages[i];
            bool after = stage.kind == StageKind::reduce;
            for (const int operand : stage.operands) {
                after = after || after_reduction[static_cast<std::size_t>(operand)];
            }
            for (const IndexedDim& dim : stage.index) {
                after = after ||
                        (dim.stage >= 0 && after_reduction[static_cast<std::size_t>(dim.stage)]);
            }
            after_reduction.push_back(after);
            if (stage.kind == StageKind::reduce) {
                reductions.push_back(static_cast<int>(i));
            } else if (stage.kind == StageKind::contraction) {
                contractions.push_back(static_cast<int>(i));
            } else if (stage.kind == StageKind::scan) {
                scans.push_back(static_cast<int>(i));
            }
        }
    }

    bool operand_after_reduction(const Region& region, int reduction) const {
        const Stage& stage = region.stages[static_cast<std::size_t>(reduction)];
        return std::ranges::any_of(stage.operands, [&](int operand) {
            return after_reduction[static_cast<std::size_t>(operand)];
        });
    }
};

bool have_one_span(std::span<const RegionResult> results) {
    return std::ranges::all_of(results, [&](const RegionResult& result) {
        return mask_of(result.strides) == mask_of(results[0].strides);
    });
}

/// How many of the last results vary along all atoms, where the first one does not.
int count_stored_rows(const Region& region, const Census& census) {
    int count = 0;
    for (std::size_t i = region.results.size(); i-- > 1;) {
        if (mask_of(region.results[i].strides) != census.all ||
            mask_of(region.results[0].strides) == census.all) {
            break;
        }
        ++count;
    }
    return count;
}

/// Why rows cannot be stored beside the sums over them, if they cannot.
std::string check_stored_rows(const Region& region, const Classification& sums,
                              std::span<const RegionResult> rows) {
    const std::size_t innermost = region.atoms.size() - 1;
    // Outermost, so that what a task stores is whole rows.
    const bool outermost = (sums.final_atoms & (sums.final_atoms + 1)) == 0;
    const bool keeps_rows = (sums.final_atoms >> innermost & 1) == 0;
    const bool contiguous = std::ranges::all_of(rows, [&](const RegionResult& result) {
        return result.strides[innermost] == StrideClass::one;
    });
    if (sums.kind != Template::reduction || !outermost || !keeps_rows || !contiguous) {
        return "rows that are not whole beside a reduction over them";
    }
    return {};
}

Classification classify_contraction(const Region& region, const Census& census,
                                    std::uint64_t stored) {
    const int anchor = census.contractions[0];
    const Stage& contraction = region.stages[static_cast<std::size_t>(anchor)];
    const std::uint64_t contracted = mask_of(contraction.atoms);
    if (stored != (census.all & ~contracted)) {
        return reject("a result does not have the contraction's dimensions");
    }
    for (std::size_t i = 0; i < region.stages.size(); ++i) {
        const bool is_operand = static_cast<int>(i) == contraction.operands[0] ||
                                static_cast<int>(i) == contraction.operands[1];
        if (!is_operand && (census.span[i] & contracted) != 0) {
            return reject("a stage beside the contraction varies along a contracted dimension");
        }
        if (region.stages[i].kind == StageKind::indexed) {
            return reject("an indexed read in a contraction's epilogue");
        }
    }
    Classification result;
    result.kind = Template::contraction;
    result.final_atoms = contracted;
    result.final_reductions = {anchor};
    return result;
}

bool is_strided_load(const Region& region, int stage) {
    const Stage& load = region.stages[static_cast<std::size_t>(stage)];
    return load.kind == StageKind::load &&
           region.inputs[static_cast<std::size_t>(load.input)].kind == InputKind::strided;
}

/// A region with several contractions, or one with reductions beside it.
class RowChain {
  public:
    RowChain(const Region& region, const Census& census, std::uint64_t stored)
        : region_(region), census_(census), stored_(stored) {}

    Classification classify() {
        std::string reason = find_contractions();
        if (reason.empty()) {
            reason = check_sums();
        }
        if (reason.empty()) {
            mark_rows();
            for (int i = 0; i < static_cast<int>(region_.stages.size()) && reason.empty(); ++i) {
                reason = check_stage(i);
            }
            if (reason.empty()) {
                reason = check_results();
            }
        }
        if (!reason.empty()) {
            return reject(std::move(reason));
        }
        result_.kind = Template::row_chain;
        result_.row_atoms = row_;
        result_.final_atoms = row_;
        return std::move(result_);
    }

  private:
    const Stage& stage(int i) const { return region_.stages[static_cast<std::size_t>(i)]; }
    std::uint64_t span(int i) const { return census_.span[static_cast<std::size_t>(i)]; }
    static bool contains(const std::vector<int>& stages, int i) {
        return std::ranges::find(stages, i) != stages.end();
    }
    bool is_row_contraction(int i) const { return contains(result_.row_contractions, i); }
    bool is_sum(int i) const { return contains(result_.final_reductions, i); }

    std::string find_contractions() {
        for (const int contraction : census_.contractions) {
            const std::vector<int>& operands = stage(contraction).operands;
            const auto computed = std::ranges::find_if_not(
                operands, [&](int operand) { return is_strided_load(region_, operand); });
            if (computed == operands.end()) {
                result_.row_contractions.push_back(contraction);
                result_.row_contracted |= mask_of(stage(contraction).atoms);
            } else {
                result_.final_reductions.push_back(contraction);
                result_.weights.push_back(*computed);
                result_.values_loads.push_back(operands[computed == operands.begin() ? 1 : 0]);
            }
        }
        if (result_.final_reductions.empty()) {
            return census_.contractions.size() > 1 ? "two contractions"
                                                   : "a reduction beside a contraction";
        }
        return {};
    }

    std::string check_sums() {
        const std::uint64_t weights = span(result_.weights[0]);
        const std::uint64_t values = span(result_.values_loads[0]);
        for (std::size_t i = 0; i < result_.final_reductions.size(); ++i) {
            if (!is_strided_load(region_, result_.values_loads[i])) {
                return "both operands of a contraction are computed here";
            }
            if (stage(result_.final_reductions[i]).atoms !=
                    stage(result_.final_reductions[0]).atoms ||
                stage(result_.final_reductions[i]).dtype !=
                    stage(result_.final_reductions[0]).dtype ||
                span(result_.weights[i]) != weights || span(result_.values_loads[i]) != values) {
                return "two contractions of computed values";
            }
        }
        row_ = mask_of(stage(result_.final_reductions[0]).atoms);
        rows_ = weights & ~values;
        const std::uint64_t columns = values & ~weights;
        if (std::popcount(row_) != 1 || (row_ & weights & values) == 0) {
            return "a contraction over several dimensions of computed values";
        }
        if (stored_ != (census_.all & ~row_ & ~result_.row_contracted) ||
            (row_ & result_.row_contracted) != 0 || rows_ == 0 || columns == 0) {
            return "a result does not have the contraction's dimensions";
        }
        const auto innermost = static_cast<std::size_t>(std::bit_width(columns) - 1);
        const bool are_vectors = std::ranges::all_of(result_.values_loads, [&](int load) {
            const auto input = static_cast<std::size_t>(stage(load).input);
            return region_.inputs[input].strides[innermost] == StrideClass::one;
        });
        if (result_.values_loads.size() > 1 && !are_vectors) {
            return "two contractions whose columns are not neighbours in memory";
        }
        return {};
    }

    /// What the weights are computed from, and what is computed from a row or its reductions.
    void mark_rows() {
        in_row_.assign(region_.stages.size(), false);
        for (const int weights : result_.weights) {
            in_row_[static_cast<std::size_t>(weights)] = true;
        }
        for (int i = std::ranges::max(result_.weights); i >= 0; --i) {
            for (const int operand : stage(i).operands) {
                const auto k = static_cast<std::size_t>(operand);
                in_row_[k] = in_row_[k] || in_row_[static_cast<std::size_t>(i)];
            }
        }
        needs_row_.assign(region_.stages.size(), false);
        for (int i = 0; i < static_cast<int>(region_.stages.size()); ++i) {
            bool needs = stage(i).kind == StageKind::reduce || is_row_contraction(i) ||
                         (span(i) & row_) != 0;
            for (const int operand : stage(i).operands) {
                needs = needs || needs_row_[static_cast<std::size_t>(operand)];
            }
            needs_row_[static_cast<std::size_t>(i)] = needs && !is_sum(i);
        }
    }

    std::string check_stage(int i) const {
        const bool in_row = in_row_[static_cast<std::size_t>(i)];
        if (stage(i).kind == StageKind::indexed) {
            return "an indexed read beside contractions";
        }
        if (in_row && is_sum(i)) {
            return "two contractions of computed values";
        }
        const bool other_reduction =
            stage(i).kind == StageKind::reduce && (mask_of(stage(i).atoms) != row_ || !in_row);
        const bool other_contraction =
            is_row_contraction(i) && (!in_row || (span(i) & row_) == 0 || (span(i) & rows_) == 0);
        if (other_reduction || other_contraction) {
            return "a reduction or contraction that is not of the rows that are summed";
        }
        if (!in_row && !contains(result_.values_loads, i) &&
            needs_row_[static_cast<std::size_t>(i)]) {
            return "what follows the contraction needs values of its rows";
        }
        const bool is_operand = std::ranges::any_of(result_.row_contractions, [&](int contraction) {
            return std::ranges::find(stage(contraction).operands, i) !=
                   stage(contraction).operands.end();
        });
        if (!is_operand && (span(i) & result_.row_contracted) != 0) {
            return "a stage beside the contraction varies along a contracted dimension";
        }
        return {};
    }

    /// Beside what follows the contraction, reductions of a row may be stored, and numbers that are
    /// computed from them.
    std::string check_results() {
        for (const RegionResult& result : region_.results) {
            const std::uint64_t along = mask_of(result.strides);
            const auto k = static_cast<std::size_t>(result.stage);
            const bool of_row = in_row_[k] && along == (stored_ & span(result_.weights[0])) &&
                                (span(result.stage) & (row_ | result_.row_contracted)) == 0;
            if (of_row) {
                result_.stores_row_numbers = true;
            } else if (along != stored_ || in_row_[k]) {
                return "results of different dimensions";
            }
        }
        return {};
    }

    const Region& region_;
    const Census& census_;
    std::uint64_t stored_;
    Classification result_;
    std::uint64_t row_ = 0;   ///< the atom that the sums contract
    std::uint64_t rows_ = 0;  ///< those that its rows run along
    std::vector<bool> in_row_, needs_row_;
};

Classification classify_scans(const Region& region, const Census& census, std::uint64_t stored) {
    if (!census.reductions.empty() || !census.contractions.empty()) {
        return reject("a scan beside a reduction");
    }
    if (stored != census.all) {
        return reject("a dimension that no result has");
    }
    Classification result;
    result.kind = Template::scan;
    for (const int scan : census.scans) {
        result.final_atoms |= mask_of(region.stages[static_cast<std::size_t>(scan)].atoms);
    }
    if (std::popcount(result.final_atoms) != 1) {
        return reject("scans along different dimensions");
    }
    return result;
}

/// The last `stored_rows` results are rows beside what is reduced, not what comes of it.
Classification classify_reductions(const Region& region, const Census& census, std::uint64_t stored,
                                   std::size_t stored_rows) {
    // Reductions that another reduction needs are row reductions; the rest decide what the results
    // look like.
    std::vector<std::uint64_t> sets;
    for (const int reduction : census.reductions) {
        const std::uint64_t set = mask_of(region.stages[static_cast<std::size_t>(reduction)].atoms);
        if (std::find(sets.begin(), sets.end(), set) == sets.end()) {
            sets.push_back(set);
        }
    }
    Classification result;
    if (sets.size() > 2) {
        return reject("reductions over more than two sets of dimensions");
    }
    if (sets.size() == 1) {
        const std::uint64_t set = sets[0];
        const std::uint64_t outer = census.all & ~set;
        if (stored == census.all) {
            result.kind = Template::row;
            result.row_atoms = set;
            return result;
        }
        if (stored != outer) {
            return reject("a result has some of the reduced dimensions");
        }
        bool chained = false;
        for (std::size_t i = 0; i < stored_rows; ++i) {
            const RegionResult& row = region.results[region.results.size() - 1 - i];
            chained = chained || census.after_reduction[static_cast<std::size_t>(row.stage)];
        }
        for (const int reduction : census.reductions) {
            chained = chained || census.operand_after_reduction(region, reduction);
        }
        const bool innermost = (set >> (region.atoms.size() - 1) & 1) != 0;
        // Rows of a few elements are unrolled, wherever they lie: windows of channels-last images.
        if (chained || ((innermost || is_unrolled(region, set)) && outer != 0)) {
            if (outer == 0) {
                return reject("a reduction of everything needs another one");
            }
            result.kind = Template::row;
            result.row_atoms = set;
            return result;
        }
        result.kind = Template::reduction;
        result.final_atoms = set;
        result.final_reductions = census.reductions;
        return result;
    }
    // Two sets: the final one must not feed anything of the other.
    for (const std::uint64_t final_set : sets) {
        const std::uint64_t row_set = final_set == sets[0] ? sets[1] : sets[0];
        bool fits = (final_set & row_set) == 0 && stored == (census.all & ~final_set);
        std::vector<int> finals;
        std::vector<bool> after_final(region.stages.size(), false);
        // A row's reduction is computed within the loops of the final one, so nothing outside them
        // may need it.
        std::vector<bool> within_row(region.stages.size(), false);
        for (std::size_t i = 0; i < region.stages.size() && fits; ++i) {
            const Stage& stage = region.stages[i];
            const auto note = [&](int operand) {
                after_final[i] = after_final[i] || after_final[static_cast<std::size_t>(operand)];
                within_row[i] = within_row[i] || within_row[static_cast<std::size_t>(operand)];
            };
            std::ranges::for_each(stage.operands, note);
            for (const IndexedDim& dim : stage.index) {
                if (dim.stage >= 0) {
                    note(dim.stage);
                }
            }
            fits = fits && !(after_final[i] && within_row[i]);
            if (stage.kind != StageKind::reduce) {
                continue;
            }
            fits = fits && !after_final[i];
            if (mask_of(stage.atoms) == final_set) {
                finals.push_back(static_cast<int>(i));
                after_final[i] = true;
                within_row[i] = false;
            } else {
                within_row[i] = true;
            }
        }
        for (std::size_t i = 0; i < region.results.size(); ++i) {
            const bool is_row = i + stored_rows >= region.results.size();
            fits = fits && after_final[static_cast<std::size_t>(region.results[i].stage)] != is_row;
        }
        if (fits) {
            result.kind = Template::reduction;
            result.row_atoms = row_set;
            result.final_atoms = final_set;
            result.final_reductions = std::move(finals);
            return result;
        }
    }
    return reject("reductions over different dimensions");
}

}  // namespace

Classification classify(const Region& region) {
    if (region.results.empty()) {
        return reject("no results");
    }
    if (region.atoms.size() > 62) {
        return reject("too many dimensions");
    }
    const Census census(region);
    for (const RegionResult& result : region.results) {
        if (result.scatter.empty()) {
            continue;
        }
        if (region.results.size() > 1 || !census.reductions.empty() ||
            !census.contractions.empty() || !census.scans.empty()) {
            return reject("a scattered result stands alone");
        }
        Classification scatter;
        scatter.kind = Template::scatter;
        return scatter;
    }
    const std::uint64_t stored = mask_of(region.results[0].strides);
    const bool one_span = have_one_span(region.results);
    if (!one_span && census.contractions.empty()) {
        const int rows = count_stored_rows(region, census);
        const std::span results(region.results);
        const std::size_t sums = results.size() - static_cast<std::size_t>(rows);
        if (rows == 0 || !have_one_span(results.first(sums)) || census.reductions.empty() ||
            !census.scans.empty()) {
            return reject("results of different dimensions");
        }
        Classification result =
            classify_reductions(region, census, stored, static_cast<std::size_t>(rows));
        if (!result.kind) {
            return result;
        }
        std::string reason = check_stored_rows(region, result, results.last(results.size() - sums));
        if (!reason.empty()) {
            return reject(std::move(reason));
        }
        result.stored_rows = rows;
        return result;
    }
    if (!census.scans.empty()) {
        return classify_scans(region, census, stored);
    }
    if (!census.contractions.empty()) {
        const bool alone =
            one_span && census.contractions.size() == 1 && census.reductions.empty() &&
            std::ranges::all_of(
                region.stages[static_cast<std::size_t>(census.contractions[0])].operands,
                [&](int operand) { return is_strided_load(region, operand); });
        return alone ? classify_contraction(region, census, stored)
                     : RowChain(region, census, stored).classify();
    }
    if (!census.reductions.empty()) {
        return classify_reductions(region, census, stored, 0);
    }
    if (stored != census.all) {
        return reject("a dimension that no result has");
    }
    Classification pointwise;
    pointwise.kind = Template::pointwise;
    return pointwise;
}

}  // namespace latent::ir
