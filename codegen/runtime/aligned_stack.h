#pragma once

#include <cstdint>

#include "codegen/runtime/stub/kernel_context.h"

namespace latent::codegen::runtime {

/// An entry into a kernel as Halide makes it: argv.
using KernelEntry = int (*)(void** arguments);

/// Call kernel code with the stack aligned for the widest vectors. LLVM keeps vectors that find no
/// register at multiples of their size from where a function was called, and aligns the stack
/// itself only for arrays: begun anywhere, every second such vector of AVX-512 lies in two cache
/// lines, in one run of a program and not in the next, as the system places its stack.
int call_on_aligned_stack(KernelEntry entry, void** arguments);
int call_on_aligned_stack(latent_kernel_task task, void* context, int index, std::uint8_t* closure);

}  // namespace latent::codegen::runtime
