#include "ir/region.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>

namespace latent::ir {

namespace {

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

}  // namespace

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

bool positions_rise(const Region& region, const Stage& reduction) {
    if (!gives_a_position(reduction.op) || reduction.atoms.size() != 1) {
        return false;
    }
    const Stage& position = region.stages[static_cast<std::size_t>(reduction.operands[1])];
    constexpr std::size_t least_bytes = 4;  // fewer might wrap
    if (position.kind != StageKind::load || byte_size(position.dtype) < least_bytes) {
        return false;
    }
    const RegionInput& input = region.inputs[static_cast<std::size_t>(position.input)];
    return (input.kind == InputKind::affine || input.kind == InputKind::position) &&
           mask_of(input.strides) == mask_of(reduction.atoms) &&
           input.strides[static_cast<std::size_t>(reduction.atoms[0])] == StrideClass::one;
}

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

bool reads_padded_windows(const Region& region, const Stage& stage, int vector_atom) {
    if (stage.kind != StageKind::indexed) {
        return false;
    }
    const IndexedDim& last = stage.index.back();
    const bool runs_along =
        std::ranges::find(last.terms, vector_atom, &AtomTerm::atom) != last.terms.end();
    const bool has_windows = std::ranges::any_of(
        stage.index, [](const IndexedDim& dim) { return dim.terms.size() > 1; });
    const bool is_direct = std::ranges::all_of(
        stage.index, [](const IndexedDim& dim) { return dim.stage < 0 && dim.divisor == 1; });
    if (!last.guarded || !runs_along || !has_windows || !is_direct ||
        region.inputs[static_cast<std::size_t>(stage.input)].strides.back() != StrideClass::one) {
        return false;
    }
    const std::vector<std::uint64_t> varies = spans(region);
    return std::ranges::all_of(
        stage.operands, [&](int fill) { return varies[static_cast<std::size_t>(fill)] == 0; });
}

bool lies_along(const Region& region, const Stage& load, std::vector<int> atoms) {
    constexpr std::array from_inside{StrideClass::one, StrideClass::tight, StrideClass::dense};
    if (load.kind != StageKind::load || atoms.empty() || atoms.size() > from_inside.size()) {
        return false;
    }
    const RegionInput& input = region.inputs[static_cast<std::size_t>(load.input)];
    if (input.kind != InputKind::strided) {
        return false;
    }
    const std::vector<StrideClass>& strides = input.strides;
    std::ranges::sort(atoms, std::ranges::greater());
    return std::ranges::equal(atoms, std::span(from_inside).first(atoms.size()), {},
                              [&](int atom) { return strides[static_cast<std::size_t>(atom)]; });
}

bool sorts(const Region& region) {
    return std::ranges::any_of(region.stages,
                               [](const Stage& stage) { return stage.op == Op::argsort; });
}

std::optional<std::int64_t> known_stride(const Region& region, StrideClass stride) {
    switch (stride) {
        case StrideClass::zero:
            return 0;
        case StrideClass::one:
            return 1;
        case StrideClass::tight:
            return region.atoms.back().fixed;
        case StrideClass::dense:
            return region.atoms.back().fixed * region.atoms[region.atoms.size() - 2].fixed;
        case StrideClass::two:
            return 2;
        case StrideClass::three:
            return 3;
        case StrideClass::four:
            return 4;
        case StrideClass::reversed:
            return -1;
        case StrideClass::any:
            return std::nullopt;
    }
    return std::nullopt;
}

bool stores_rows_side_by_side(const Region& region, const RegionResult& result, int atom) {
    return atom >= 0 && static_cast<std::size_t>(atom) + 2 == region.atoms.size() &&
           region.atoms.back().fixed > 1 &&
           result.strides[static_cast<std::size_t>(atom)] == StrideClass::tight;
}

std::int64_t fixed_elements(const Region& region, std::uint64_t atoms) {
    std::int64_t elements = 1;
    for (std::size_t atom = 0; atom < region.atoms.size(); ++atom) {
        elements *= (atoms >> atom & 1) != 0 ? region.atoms[atom].fixed : 1;
    }
    return elements;
}

bool is_unrolled(const Region& region, std::uint64_t atoms) {
    const std::int64_t elements = fixed_elements(region, atoms);
    return elements > 0 && elements <= largest_unrolled_window;
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
        case Template::row_chain:
            return "row_chain";
        case Template::scan:
            return "scan";
        case Template::scatter:
            return "scatter";
    }
    return "?";
}

std::string_view name(Packing packing) {
    switch (packing) {
        case Packing::none:
            return "none";
        case Packing::columns:
            return "columns";
        case Packing::both:
            return "both";
        case Packing::streamed:
            return "streamed";
        case Packing::deep:
            return "deep";
        case Packing::swept:
            return "swept";
        case Packing::dots:
            return "dots";
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

}  // namespace latent::ir
