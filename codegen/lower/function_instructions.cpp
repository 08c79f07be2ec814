#include "codegen/lower/function_instructions.h"

#include "codegen/lower/extremes.h"
#include "codegen/lower/number_parts.h"
#include "codegen/lower/power_scaling.h"
#include "codegen/lower/rare_arguments.h"

namespace latent::codegen {

Halide::Internal::Stmt lower_functions(const Halide::Internal::Stmt& statement,
                                       const Halide::Target& target) {
    const Halide::Internal::Stmt arithmetic =
        lower_extremes(lower_number_parts(lower_power_scaling(statement, target), target), target);
    return branch_around_rare_arguments(arithmetic, target);
}

}  // namespace latent::codegen
