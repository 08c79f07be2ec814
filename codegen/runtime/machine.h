#pragma once

#include "ir/schedule.h"

namespace latent::codegen::runtime {

/// The machine this process runs on: the widest instruction set that both the CPU and LATENT_ISA
/// (sse41, avx2 or avx512) allow, and its cache sizes. Found once.
const ir::Machine& this_machine();

/// As `this_machine`, with a limit on the instruction set ("" for none). An unknown or unavailable
/// one is warned about and ignored.
ir::Machine detect_machine(std::string_view limit);

}  // namespace latent::codegen::runtime
