#include "ir/region.h"

#include <algorithm>
#include <bit>

namespace latent::ir {

namespace {

std::uint64_t mask_of(const std::vector<int>& atoms) {
    std::uint64_t mask = 0;
    for (const int atom : atoms) {
        mask |= std::uint64_t{1} << atom;
    }
    return mask;
}

std::uint64_t mask_of(const std::vector<StrideClass>& strides) {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < strides.size(); ++i) {
        mask |= strides[i] == StrideClass::zero ? 0 : std::uint64_t{1} << i;
    }
    return mask;
}

std::uint64_t span_of(const std::vector<IndexedDim>& index,
                      const std::vector<std::uint64_t>& known) {
    std::uint64_t mask = 0;
    for (const IndexedDim& dim : index) {
        for (const AtomTerm& term : dim.terms) {
            mask |= std::uint64_t{1} << term.atom;
        }
        if (dim.stage >= 0) {
            mask |= known[static_cast<std::size_t>(dim.stage)];
        }
    }
    return mask;
}

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
        return after_reduction[static_cast<std::size_t>(stage.operands[0])];
    }
};

/// The atoms that all results are stored along, or nothing if they disagree.
std::optional<std::uint64_t> common_result_span(const Region& region) {
    const std::uint64_t first = mask_of(region.results[0].strides);
    for (const RegionResult& result : region.results) {
        if (mask_of(result.strides) != first) {
            return std::nullopt;
        }
    }
    return first;
}

Classification classify_contraction(const Region& region, const Census& census,
                                    std::uint64_t stored) {
    if (census.contractions.size() > 1) {
        return reject("two contractions");
    }
    if (!census.reductions.empty()) {
        return reject("a reduction beside a contraction");
    }
    const int anchor = census.contractions[0];
    const Stage& contraction = region.stages[static_cast<std::size_t>(anchor)];
    for (const int operand : contraction.operands) {
        const Stage& load = region.stages[static_cast<std::size_t>(operand)];
        if (load.kind != StageKind::load ||
            region.inputs[static_cast<std::size_t>(load.input)].kind != InputKind::strided) {
            return reject("a contraction's operand is computed here");
        }
    }
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

Classification classify_reductions(const Region& region, const Census& census,
                                   std::uint64_t stored) {
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
        for (const int reduction : census.reductions) {
            chained = chained || census.operand_after_reduction(region, reduction);
        }
        const bool innermost = (set >> (region.atoms.size() - 1) & 1) != 0;
        if (chained || (innermost && outer != 0)) {
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
            for (const int operand : stage.operands) {
                after_final[i] = after_final[i] || after_final[static_cast<std::size_t>(operand)];
                within_row[i] = within_row[i] || within_row[static_cast<std::size_t>(operand)];
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
        for (const RegionResult& stored_result : region.results) {
            fits = fits && after_final[static_cast<std::size_t>(stored_result.stage)];
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

std::vector<std::uint64_t> spans(const Region& region) {
    std::vector<std::uint64_t> result;
    result.reserve(region.stages.size());
    for (const Stage& stage : region.stages) {
        std::uint64_t mask = 0;
        for (const int operand : stage.operands) {
            mask |= result[static_cast<std::size_t>(operand)];
        }
        switch (stage.kind) {
            case StageKind::load:
                mask |= mask_of(region.inputs[static_cast<std::size_t>(stage.input)].strides);
                break;
            case StageKind::indexed:
                mask |= span_of(stage.index, result);
                break;
            case StageKind::reduce:
            case StageKind::contraction:
                mask &= ~mask_of(stage.atoms);
                break;
            case StageKind::scan:
                mask |= mask_of(stage.atoms);
                break;
            case StageKind::constant:
            case StageKind::elementwise:
                break;
        }
        result.push_back(mask);
    }
    return result;
}

bool is_unrolled(const Region& region, std::uint64_t atoms) {
    std::int64_t elements = 1;
    for (std::size_t atom = 0; atom < region.atoms.size(); ++atom) {
        elements *= (atoms >> atom & 1) != 0 ? region.atoms[atom].fixed : 1;
    }
    return elements > 0 && elements <= longest_unrolled_row;
}

std::string_view name(Template kind) {
    switch (kind) {
        case Template::pointwise:
            return "pointwise";
        case Template::row:
            return "row";
        case Template::reduction:
            return "reduction";
        case Template::contraction:
            return "contraction";
        case Template::scan:
            return "scan";
        case Template::scatter:
            return "scatter";
    }
    return "?";
}

std::string_view name(InstructionSet set) {
    switch (set) {
        case InstructionSet::sse41:
            return "sse41";
        case InstructionSet::avx2:
            return "avx2";
        case InstructionSet::avx512:
            return "avx512";
    }
    return "?";
}

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
    const std::optional<std::uint64_t> stored = common_result_span(region);
    if (!stored) {
        return reject("results of different dimensions");
    }
    if (!census.scans.empty()) {
        return classify_scans(region, census, *stored);
    }
    if (!census.contractions.empty()) {
        return classify_contraction(region, census, *stored);
    }
    if (!census.reductions.empty()) {
        return classify_reductions(region, census, *stored);
    }
    if (*stored != census.all) {
        return reject("a dimension that no result has");
    }
    Classification pointwise;
    pointwise.kind = Template::pointwise;
    return pointwise;
}

}  // namespace latent::ir
