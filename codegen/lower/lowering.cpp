#include "codegen/lower/lowering.h"

namespace latent::codegen {

using Halide::Expr;
using Halide::Func;
using Halide::Var;

Lowering::Lowering(const ir::KernelRequest& request, const std::string& name)
    : request_(request),
      name_(name),
      classification_(ir::classify(request.region)),
      inputs_(request_.region),
      stages_(request_.region, inputs_, request_.schedule.vector_atom),
      spans_(ir::spans(request.region)) {
    if (!classification_.kind) {
        throw InternalError("no template fits the region: " + classification_.reason);
    }
    for (std::size_t i = 0; i < request.region.atoms.size(); ++i) {
        vars_.emplace_back("a" + std::to_string(i));
    }
}

std::vector<int> Lowering::atoms_of(std::uint64_t set) const {
    std::vector<int> atoms;
    for (int atom = inputs_.atom_count(); atom-- > 0;) {
        if ((set >> atom & 1) != 0) {
            atoms.push_back(atom);
        }
    }
    return atoms;
}

void Lowering::define_as(int stage, const Halide::Func& func, const std::vector<int>& atoms) {
    stages_.define(stage, [func, atoms](const Coordinates& coordinates) {
        return func(arguments_for(atoms, coordinates));
    });
}

void Lowering::define_as_stored(int stage, const Halide::Func& func,
                                const std::vector<int>& atoms) {
    const DType dtype = region().stages[static_cast<std::size_t>(stage)].dtype;
    stages_.define(stage, [func, atoms, dtype](const Coordinates& coordinates) {
        return from_storage(dtype, func(arguments_for(atoms, coordinates)));
    });
}

std::uint64_t Lowering::all_atoms() const {
    return (std::uint64_t{1} << inputs_.atom_count()) - 1;
}

std::vector<Var> Lowering::vars(std::uint64_t atoms) const {
    std::vector<Var> result;
    for (const int atom : atoms_of(atoms)) {
        result.push_back(var(atom));
    }
    return result;
}

bool Lowering::is_vector_atom(std::uint64_t set) const {
    return schedule().vector_atom >= 0 && (set >> schedule().vector_atom & 1) != 0;
}

Coordinates Lowering::loop_coordinates() const {
    return {vars_.begin(), vars_.end()};
}

std::vector<Expr> Lowering::arguments_for(const std::vector<int>& atoms,
                                          const Coordinates& coordinates) {
    std::vector<Expr> arguments;
    for (const int atom : atoms) {
        arguments.push_back(coordinates[static_cast<std::size_t>(atom)]);
    }
    return arguments;
}

Halide::Tuple Lowering::stored_at(std::size_t first, std::size_t last,
                                  const Coordinates& coordinates) {
    std::vector<int> wanted;
    for (std::size_t i = first; i < last; ++i) {
        wanted.push_back(region().results[i].stage);
    }
    return Halide::Tuple(stages_.stored_at(wanted, coordinates));
}

Halide::Tuple Lowering::results_at(const Coordinates& coordinates) {
    return stored_at(0, first_stored_row(), coordinates);
}

Halide::Tuple Lowering::stored_rows_at(const Coordinates& coordinates) {
    return stored_at(first_stored_row(), region().results.size(), coordinates);
}

Expr Lowering::tied(const Expr& value, const std::vector<Expr>& positions) {
    Expr inside;
    for (const Expr& position : positions) {
        const Expr begun = position >= 0;  // always, which Halide finds out later
        inside = inside.defined() ? inside && begun : begun;
    }
    return inside.defined() ? Halide::select(inside, value, Halide::cast(value.type(), 0)) : value;
}

Expr Lowering::tied(const Expr& value, const Halide::RDom& domain) {
    std::vector<Expr> unused;
    for (int i = 0; domain.defined() && i < domain.dimensions(); ++i) {
        if (!Halide::Internal::expr_uses_var(value, domain[i].name())) {
            unused.emplace_back(domain[i]);
        }
    }
    return tied(value, unused);
}

void Lowering::hoist_numbers() {
    std::vector<bool> feeds_loops(region().stages.size(), false);
    for (std::size_t i = 0; i < region().stages.size(); ++i) {
        for (const int operand : region().stages[i].operands) {
            const auto k = static_cast<std::size_t>(operand);
            feeds_loops[k] = feeds_loops[k] || span(static_cast<int>(i)) != 0;
        }
    }
    for (std::size_t i = 0; i < region().stages.size(); ++i) {
        const int stage = static_cast<int>(i);
        if (region().stages[i].kind != ir::StageKind::elementwise || span(stage) != 0 ||
            !feeds_loops[i]) {
            continue;
        }
        // A number that depends on a reduction is computed where that is.
        bool reduced = false;
        for (std::size_t k = 0; k <= i; ++k) {
            reduced = reduced || region().stages[k].kind == ir::StageKind::reduce ||
                      region().stages[k].kind == ir::StageKind::contraction;
        }
        if (reduced) {
            continue;
        }
        Func number(name_ + "_number" + std::to_string(i));
        number() = stages_.at(stage, loop_coordinates());
        logged(number, log_).compute_root();
        stages_.define(stage, [number](const Coordinates&) { return Expr(number()); });
    }
}

void Lowering::finish(Func output, const std::vector<int>& atoms) {
    std::vector<Expr> extents;
    for (const int atom : atoms) {
        extents.push_back(inputs_.extent(atom));
    }
    finish(std::move(output), atoms, extents);
}

void Lowering::finish(Func output, const std::vector<int>& atoms,
                      const std::vector<Expr>& extents) {
    describe(output, 0, atoms, extents);
    output_ = std::move(output);
}

void Lowering::finish_stored_rows(Func rows) {
    const std::vector<int> atoms = atoms_of(all_atoms());
    std::vector<Expr> extents;
    for (const int atom : atoms) {
        extents.push_back(inputs_.extent(atom));
    }
    describe(rows, first_stored_row(), atoms, extents);
    inner_output_ = std::move(rows);
}

/// Tells Halide of the buffers of an output, whose results are those from `first` on.
void Lowering::describe(Func output, std::size_t first, const std::vector<int>& atoms,
                        const std::vector<Expr>& extents) {
    const std::vector<Halide::OutputImageParam> buffers = output.output_buffers();
    for (std::size_t r = 0; r < buffers.size(); ++r) {
        Halide::OutputImageParam buffer = buffers[r];
        std::vector<ir::StrideClass> strides;
        for (const int atom : atoms) {
            strides.push_back(region().results[first + r].strides[static_cast<std::size_t>(atom)]);
        }
        describe_strides(buffer, strides, region());
        // Halide holds the bounds of all results to be those of the first.
        for (std::size_t i = 0; r == 0 && i < atoms.size(); ++i) {
            buffer.dim(static_cast<int>(i)).set_bounds(0, extents[i]);
        }
    }
}

void Lowering::finish_scattered(Func output) {
    const std::vector<ir::StrideClass>& strides = region().results[0].strides;
    Halide::OutputImageParam buffer = output.output_buffer();
    describe_strides(buffer, std::vector<ir::StrideClass>(strides.rbegin(), strides.rend()),
                     region());
    for (int i = 0; i < buffer.dimensions(); ++i) {
        buffer.dim(i).set_min(0);
    }
    output_ = std::move(output);
}

}  // namespace latent::codegen
