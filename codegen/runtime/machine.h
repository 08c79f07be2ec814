#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ir/schedule.h"

namespace latent::codegen::runtime {

/// The machine this process runs on: the widest instruction set that both the CPU and LATENT_ISA
/// (sse41, avx2 or avx512) allow, and its cache sizes. Found once.
const ir::Machine& this_machine();

/// As `this_machine`, with a limit on the instruction set ("" for none). An unknown or unavailable
/// one is warned about and ignored.
ir::Machine detect_machine(std::string_view limit);

/// What `processors` have of a last-level cache of `bytes`. One of AMD's is near all of its cores.
/// One of Intel's `is_mesh`, slices at all cores, those of other cores hardly faster than memory,
/// and a virtual machine is told the size of all: it counts as four megabytes for each processor.
std::int64_t reached_cache_bytes(std::int64_t bytes, std::int64_t processors, bool is_mesh);

/// The CPU's name for itself, such as "AMD EPYC 7763 64-Core Processor"; empty if it has none.
std::string cpu_name();

}  // namespace latent::codegen::runtime
