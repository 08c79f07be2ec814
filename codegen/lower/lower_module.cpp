#include "codegen/lower/lower_module.h"

#include <map>

#include "codegen/lower/block_transposes.h"
#include "codegen/lower/buffer_constraints.h"
#include "codegen/lower/function_instructions.h"
#include "codegen/lower/fused_arithmetic.h"
#include "codegen/lower/half_conversion.h"
#include "codegen/lower/hold_sums.h"
#include "codegen/lower/inline_remainders.h"
#include "codegen/lower/inner_output.h"
#include "codegen/lower/narrow_tiles.h"
#include "codegen/lower/prefetches.h"
#include "codegen/lower/promotable_arrays.h"
#include "codegen/lower/result_prefetches.h"
#include "codegen/lower/streamed_results.h"
#include "codegen/lower/trim_loops.h"
#include "codegen/lower/whole_tiles.h"
#include "codegen/lower/window_places.h"

namespace latent::codegen {

namespace hi = Halide::Internal;
using hi::Stmt;

namespace {

using Environment = std::map<std::string, hi::Function>;

/// The Funcs that are to be lowered: copies, for lowering changes them.
struct Program {
    std::vector<hi::Function> outputs;
    /// Those, and one that is computed inside of their loops, if there is one.
    std::vector<hi::Function> stored;
    Environment environment;
    std::vector<std::string> order;
    std::vector<std::vector<std::string>> fused_groups;
};

Program prepare(const KernelDefinition& kernel, const Halide::Target& target) {
    const std::vector<hi::Function> original{kernel.output.function()};
    Program program;
    std::tie(program.outputs, program.environment) =
        hi::deep_copy(original, hi::build_environment(original));
    hi::lower_target_query_ops(program.environment, target);
    hi::strictify_float(program.environment, target);
    for (const hi::Function& function : program.outputs) {
        Halide::Func(function).compute_root().store_root();
    }
    for (auto& [name, function] : program.environment) {
        function.lock_loop_levels();
    }
    program.environment = hi::wrap_func_calls(program.environment);
    std::tie(program.order, program.fused_groups) =
        hi::realization_order(program.outputs, program.environment);
    hi::simplify_specializations(program.environment);
    program.stored = program.outputs;
    if (kernel.inner_output.defined()) {
        program.stored.push_back(program.environment.at(kernel.inner_output.name()));
    }
    return program;
}

/// Assertions, which are stripped at the end: until then they tell what can be relied upon.
Stmt assume(const std::vector<Halide::Expr>& facts, Stmt s) {
    for (const Halide::Expr& fact : facts) {
        s = hi::Block::make(hi::AssertStmt::make(fact, 0), s);
    }
    return s;
}

/// Loops over Funcs of several dimensions.
Stmt make_loops(const Program& program, const std::vector<Halide::Expr>& facts,
                const Halide::Target& target) {
    const Environment& environment = program.environment;
    bool any_memoized = false;
    Stmt s = hi::schedule_functions(program.outputs, program.fused_groups, environment, target,
                                    any_memoized);
    hi::FuncValueBounds bounds = hi::compute_function_value_bounds(program.order, environment);
    s = hi::clamp_unsafe_accesses(s, environment, bounds);
    s = hi::bounds_inference(s, program.outputs, program.order, program.fused_groups, environment,
                             bounds, target);
    s = assume(facts, hi::add_split_factor_checks(s, environment));
    s = hi::remove_extern_loops(s);
    s = hi::sliding_window(s, environment);
    s = hi::uniquify_variable_names(s);
    s = hi::simplify(s, false);  // allocation bounds need the names of loops' ends
    s = hi::allocation_bounds_inference(inline_remainders(s), environment, bounds);
    s = apply_buffer_constraints(s, program.stored);
    s = hi::storage_folding(s, environment);
    s = hi::lower_safe_promises(s);
    s = hi::skip_stages(s, program.outputs, program.fused_groups, environment);
    return program.stored.size() == program.outputs.size()
               ? s
               : store_inner_output(s, program.stored.back().name());
}

/// Loads and stores of one dimension in their place.
Stmt flatten(Stmt s, const Program& program, const Halide::Target& target) {
    s = hi::split_tuples(s, program.environment);
    s = hi::bound_small_allocations(s);
    s = hi::storage_flattening(s, program.stored, program.environment, target);
    s = hi::add_atomic_mutex(s, program.outputs);
    s = hi::unpack_buffers(s);
    s = hi::simplify(widen_window_places(s));
    return hi::unify_duplicate_lets(s);
}

/// Vectors and unrolled loops, as the schedule has them.
Stmt unroll_and_vectorize(Stmt s, const Environment& environment) {
    s = hi::bound_constant_extent_loops(s);
    s = narrow_tiles(unroll_whole_tiles(s));
    s = hi::unroll_loops(s);
    s = hi::vectorize_loops(s, environment);
    s = hi::simplify(s);
    s = hi::rewrite_interleavings(s);
    s = hi::partition_loops(s);
    s = hi::simplify(s);
    return hold_tiles(insert_prefetches(hi::stage_strided_loads(s)));
}

std::vector<Halide::Parameter> result_buffers(const std::vector<hi::Function>& outputs) {
    std::vector<Halide::Parameter> buffers;
    for (const hi::Function& output : outputs) {
        const std::vector<Halide::Parameter>& its_own = output.output_buffers();
        buffers.insert(buffers.end(), its_own.begin(), its_own.end());
    }
    return buffers;
}

Stmt optimize(Stmt s, const Program& program, const Halide::Target& target) {
    s = trim_loops(s);
    s = hi::rebase_loops_to_zero(s);
    s = hi::hoist_loop_invariant_if_statements(s);
    s = hi::inject_early_frees(s);
    s = hi::simplify_correlated_differences(s);
    s = hi::bound_small_allocations(s);
    s = hi::common_subexpression_elimination(s);
    s = hi::lower_unsafe_promises(s, target);
    s = hi::flatten_nested_ramps(s);
    s = hi::remove_dead_allocations(s);
    s = hi::simplify(s);
    s = hi::hoist_loop_invariant_values(s);
    s = hi::hoist_loop_invariant_if_statements(s);
    s = hi::find_intrinsics(s);  // after all simplification, which would reverse it
    s = expand_half_conversions(s, target);
    if (!target.has_feature(Halide::Target::FMA)) {
        s = split_multiply_adds(s);
    }
    s = prefetch_results(hi::strip_asserts(s), result_buffers(program.stored), target);
    return make_arrays_promotable(stream_results(transpose_blocks(s), target));
}

/// What only the code generator may see.
Stmt finish_arithmetic(const Stmt& s, const Halide::Target& target) {
    return keep_multiply_adds_whole(lower_functions(s, target));
}

constexpr const char* user_context = "__user_context";

/// The body of a task that gives those it calls the context of its own thread. What a loop reads is
/// copied to its tasks, and for Halide a call back to the runtime reads the context of the loop.
class WithOwnContext : public hi::IRMutator {
    using IRMutator::visit;
    Stmt visit(const hi::LetStmt* let) override {
        return let->name == user_context ? mutate(let->body) : IRMutator::visit(let);
    }
};

std::vector<Halide::Argument> all_arguments(const std::vector<Halide::Argument>& inputs,
                                            const std::vector<hi::Function>& outputs) {
    using Halide::Argument;
    std::vector<Argument> arguments;
    arguments.emplace_back(user_context, Argument::InputScalar, Halide::type_of<const void*>(), 0,
                           Halide::ArgumentEstimates{});
    arguments.insert(arguments.end(), inputs.begin(), inputs.end());
    for (const Halide::Parameter& buffer : result_buffers(outputs)) {
        arguments.emplace_back(buffer.name(), Argument::OutputBuffer, buffer.type(),
                               buffer.dimensions(), buffer.get_argument_estimates());
    }
    return arguments;
}

}  // namespace

Halide::Module lower_to_module(const KernelDefinition& kernel, const std::string& symbol,
                               const Halide::Target& target) {
    Halide::Module module(symbol, target);
    hi::run_with_large_stack([&] {
        const Program program = prepare(kernel, target);
        // Of every kernel, so that its code is the same beside any other one in a module.
        module.set_any_strict_float(true);
        Stmt s = make_loops(program, kernel.facts, target);
        s = flatten(s, program, target);
        s = unroll_and_vectorize(s, program.environment);
        s = optimize(s, program, target);
        module.set_conceptual_code_stmt(s);
        std::vector<hi::LoweredFunc> tasks;
        s = hi::lower_parallel_tasks(s, tasks, symbol, target);
        for (hi::LoweredFunc& task : tasks) {
            task.body = finish_arithmetic(WithOwnContext().mutate(task.body), target);
            module.append(task);
        }
        module.append(hi::LoweredFunc(symbol, all_arguments(kernel.arguments, program.stored),
                                      finish_arithmetic(s, target),
                                      Halide::LinkageType::ExternalPlusArgv));
    });
    return module;
}

}  // namespace latent::codegen
