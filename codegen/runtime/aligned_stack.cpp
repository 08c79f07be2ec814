#include "codegen/runtime/aligned_stack.h"

// Calls `code` with the three arguments before it, whatever their types: C++ has no way to align
// the stack for what a function calls.
extern "C" int latent_call_on_aligned_stack(void* first, int second, void* third, void (*code)());
asm(R"(
    .text
    .p2align 4
    .globl latent_call_on_aligned_stack
    .hidden latent_call_on_aligned_stack
    .type latent_call_on_aligned_stack, @function
latent_call_on_aligned_stack:
    .cfi_startproc
    pushq %rbp
    .cfi_def_cfa_offset 16
    .cfi_offset %rbp, -16
    movq %rsp, %rbp
    .cfi_def_cfa_register %rbp
    andq $-64, %rsp
    call *%rcx
    leave
    .cfi_def_cfa %rsp, 8
    ret
    .cfi_endproc
    .size latent_call_on_aligned_stack, .-latent_call_on_aligned_stack
)");

namespace latent::codegen::runtime {

int call_on_aligned_stack(KernelEntry entry, void** arguments) {
    return latent_call_on_aligned_stack(arguments, 0, nullptr, reinterpret_cast<void (*)()>(entry));
}

int call_on_aligned_stack(latent_kernel_task task, void* context, int index,
                          std::uint8_t* closure) {
    return latent_call_on_aligned_stack(context, index, closure,
                                        reinterpret_cast<void (*)()>(task));
}

}  // namespace latent::codegen::runtime
