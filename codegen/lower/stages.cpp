#include "codegen/lower/stages.h"

#include <algorithm>
#include <cmath>

namespace latent::codegen {

using Halide::Expr;

namespace {

Expr constant(const Halide::Type& type, const ir::Literal& literal) {
    if (!type.is_float()) {
        return Halide::Internal::make_const(type, literal.as_int());
    }
    const double value = literal.as_double();
    if (value == 0) {
        // The bits of it: Halide takes equal constants for the same, and so one zero for the other,
        // and refuses to divide by what it knows to be zero.
        const Halide::Type bits = type.with_code(halide_type_uint);
        const Expr sign = Halide::Internal::make_const(bits, std::signbit(value) ? 1 : 0);
        return Halide::reinterpret(type, sign << (type.bits() - 1));
    }
    return Halide::Internal::make_const(type, value);
}

}  // namespace

StageExpressions::StageExpressions(const ir::Region& region, const KernelInputs& inputs,
                                   int vector_atom)
    : region_(region), inputs_(inputs), vector_atom_(vector_atom) {
    for (const ir::Stage& stage : region.stages) {
        first_dim_.push_back(scatter_dim_);
        scatter_dim_ += static_cast<int>(stage.index.size());
    }
}

void StageExpressions::define(int stage, std::function<Expr(const Coordinates&)> value) {
    defined_[stage] = std::move(value);
}

Expr StageExpressions::at(int stage, const Coordinates& coordinates) const {
    return at(std::vector<int>{stage}, coordinates)[0];
}

StageExpressions::Place StageExpressions::place(const std::vector<ir::IndexedDim>& dims,
                                                int first_dim, const Coordinates& coordinates,
                                                const std::function<Expr(int)>& stage_value,
                                                int input) const {
    Place place;
    bool varies_along_vectors = false;  // what is inside so far
    for (std::size_t i = 0; i < dims.size(); ++i) {
        const ir::IndexedDim& dim = dims[i];
        const int number = first_dim + static_cast<int>(i);
        if (dim.stage >= 0) {
            // Clamped as the value it is, before it is narrowed to an index.
            const Expr value = stage_value(dim.stage);
            const Expr last = Halide::cast(value.type(), inputs_.index_extent(number) - 1);
            place.indices.push_back(Halide::cast<std::int32_t>(
                Halide::max(Halide::min(value, last), Halide::cast(value.type(), 0))));
            continue;
        }
        Expr position = inputs_.index_offset(number);
        for (const ir::AtomTerm& term : dim.terms) {
            const Expr& coordinate = coordinates[static_cast<std::size_t>(term.atom)];
            // Where it is guarded, the index is kept inside anyway; what is contiguous is read past
            // the end.
            const bool is_contiguous =
                input >= 0 && term.coefficient == 1 &&
                region_.inputs[static_cast<std::size_t>(input)].strides[i] == ir::StrideClass::one;
            position +=
                static_cast<std::int32_t>(term.coefficient) *
                (dim.guarded || is_contiguous ? coordinate : inputs_.within(term.atom, coordinate));
        }
        if (!dim.guarded) {
            place.indices.push_back(position);
            continue;
        }
        const auto divisor = static_cast<std::int32_t>(dim.divisor);
        const Expr extent = inputs_.index_extent(number);
        const bool is_along_vectors =
            std::ranges::find(dim.terms, vector_atom_, &ir::AtomTerm::atom) != dim.terms.end();
        if (is_along_vectors && !varies_along_vectors && divisor == 1) {
            // One comparison of vectors says both ends, and what numbers say of the others.
            const Expr room =
                place.inside.defined() ? Halide::select(place.inside, extent, 0) : extent;
            place.inside =
                Halide::cast<std::uint32_t>(position) < Halide::cast<std::uint32_t>(room);
        } else {
            Expr inside = position >= 0 && position < extent * divisor;
            if (divisor != 1) {
                inside = inside && position % divisor == 0;
                position = position / divisor;
            }
            place.inside = place.inside.defined() ? place.inside && inside : inside;
        }
        varies_along_vectors = varies_along_vectors || is_along_vectors;
        place.last_unclamped = i + 1 == dims.size() ? position : Expr();
        place.indices.push_back(Halide::max(Halide::min(position, extent - 1), 0));
    }
    return place;
}

/// Whether vectors of a guarded load are neighbours in memory: their atom moves the last dimension,
/// by one, and no other. (Predicated loads of fewer than 32 bits are a branch for each lane.)
bool StageExpressions::reads_neighbours(const ir::Stage& stage) const {
    const ir::RegionInput& input = region_.inputs[static_cast<std::size_t>(stage.input)];
    const auto coefficient = [&](const ir::IndexedDim& dim) -> std::int64_t {
        const auto term = std::ranges::find(dim.terms, vector_atom_, &ir::AtomTerm::atom);
        return term == dim.terms.end() ? 0 : term->coefficient;
    };
    const ir::IndexedDim& last = stage.index.back();
    return byte_size(input.dtype) >= 4 && input.strides.back() == ir::StrideClass::one &&
           last.guarded && last.divisor == 1 && coefficient(last) == 1 &&
           std::ranges::all_of(stage.index, [&](const ir::IndexedDim& dim) {
               return &dim == &last || (dim.stage < 0 && coefficient(dim) == 0);
           });
}

Expr StageExpressions::indexed(const ir::Stage& stage, const Place& where, const Expr& fill) const {
    if (!where.inside.defined()) {
        return inputs_.load_at(stage.input, where.indices);
    }
    Expr read;
    if (reads_neighbours(stage)) {
        std::vector<Expr> indices = where.indices;
        indices.back() = where.last_unclamped;
        read = inputs_.load_inside(stage.input, indices, where.inside);
    } else {
        read = inputs_.load_at(stage.input, where.indices);
    }
    return Halide::select(where.inside, read,
                          fill.defined() ? fill : Halide::Internal::make_zero(read.type()));
}

StageExpressions::Values StageExpressions::evaluate(const std::vector<int>& stages,
                                                    const Coordinates& coordinates) const {
    // What is needed is marked from the back, since operands come before users, and then computed
    // from the front.
    std::vector<bool> needed(region_.stages.size(), false);
    for (const int stage : stages) {
        needed[static_cast<std::size_t>(stage)] = true;
    }
    for (std::size_t i = region_.stages.size(); i-- > 0;) {
        if (!needed[i] || defined_.contains(static_cast<int>(i))) {
            continue;
        }
        for (const int operand : region_.stages[i].operands) {
            needed[static_cast<std::size_t>(operand)] = true;
        }
        for (const ir::IndexedDim& dim : region_.stages[i].index) {
            if (dim.stage >= 0) {
                needed[static_cast<std::size_t>(dim.stage)] = true;
            }
        }
    }
    std::vector<Expr> values(region_.stages.size());
    std::vector<Expr> unrounded(region_.stages.size());
    const auto value_of = [&](int stage) { return values[static_cast<std::size_t>(stage)]; };
    for (std::size_t i = 0; i < region_.stages.size(); ++i) {
        if (!needed[i]) {
            continue;
        }
        const ir::Stage& stage = region_.stages[i];
        if (const auto defined = defined_.find(static_cast<int>(i)); defined != defined_.end()) {
            unrounded[i] = defined->second(coordinates);
            values[i] = rounded(stage.dtype, unrounded[i]);
            continue;
        }
        switch (stage.kind) {
            case ir::StageKind::load:
                values[i] = inputs_.load(stage.input, coordinates);
                break;
            case ir::StageKind::indexed: {
                const Place where =
                    place(stage.index, first_dim_[i], coordinates, value_of, stage.input);
                values[i] = indexed(stage, where,
                                    stage.operands.empty() ? Expr() : value_of(stage.operands[0]));
                break;
            }
            case ir::StageKind::constant:
                values[i] = constant(compute_type(stage.dtype), stage.literal);
                break;
            case ir::StageKind::elementwise: {
                std::vector<Expr> operands;
                for (const int operand : stage.operands) {
                    operands.push_back(value_of(operand));
                }
                unrounded[i] = apply_elementwise(stage.op, stage.dtype, operands);
                values[i] =
                    stays_in_dtype(stage.op) ? unrounded[i] : rounded(stage.dtype, unrounded[i]);
                break;
            }
            case ir::StageKind::reduce:
            case ir::StageKind::contraction:
            case ir::StageKind::scan:
                throw InternalError("a reduction or scan without a loop of its own");
        }
    }
    return {std::move(values), std::move(unrounded)};
}

std::vector<Expr> StageExpressions::at(const std::vector<int>& stages,
                                       const Coordinates& coordinates) const {
    const Values values = evaluate(stages, coordinates);
    std::vector<Expr> result;
    for (const int stage : stages) {
        result.push_back(values.rounded[static_cast<std::size_t>(stage)]);
    }
    return result;
}

std::vector<Expr> StageExpressions::stored_at(const std::vector<int>& stages,
                                              const Coordinates& coordinates) const {
    const Values values = evaluate(stages, coordinates);
    std::vector<Expr> result;
    for (const int stage : stages) {
        const auto i = static_cast<std::size_t>(stage);
        // Storing rounds, so it need not be done before.
        const Expr& value = values.unrounded[i].defined() ? values.unrounded[i] : values.rounded[i];
        result.push_back(to_storage(region_.stages[i].dtype, value));
    }
    return result;
}

}  // namespace latent::codegen
