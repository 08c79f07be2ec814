#include "codegen/lower/function_instructions.h"

#include "codegen/lower/extremes.h"
#include "codegen/lower/power_scaling.h"
#include "codegen/lower/rare_arguments.h"

namespace latent::codegen {

Halide::Internal::Stmt lower_functions(const Halide::Internal::Stmt& statement,
                                       const Halide::Target& target) {
    return branch_around_rare_arguments(
        lower_extremes(lower_power_scaling(statement, target), target), target);
}

}  // namespace latent::codegen
