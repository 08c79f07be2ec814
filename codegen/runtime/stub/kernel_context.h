/* What a kernel can call back: the head of every user context. Plain C, since the stub that is
 * linked into each kernel (kernel_stub.c) and the library (kernel.cpp) both see it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct halide_buffer_t;

/* One iteration of a parallel loop of a kernel. It passes `user_context` on to whatever it calls
 * back. */
typedef int (*latent_kernel_task)(void* user_context, int index, uint8_t* closure);

struct latent_kernel_context {
    /* Scratch memory, aligned for every vector. Never returns null: kernels are compiled without a
     * check for it. */
    void* (*allocate)(struct latent_kernel_context* context, size_t size);
    void (*release)(struct latent_kernel_context* context, void* memory);
    /* Runs task(begin) ... task(begin + extent - 1). Returns only if all succeeded: kernels do not
     * look at the result. */
    int (*parallel_for)(struct latent_kernel_context* context, latent_kernel_task task, int begin,
                        int extent, uint8_t* closure);
    /* Writes to `order` (int64) the positions along `dimension` of the elements of `keys`
     * (unsigned, of 32 or 64 bits) in increasing order, equal ones by position. Both are buffers of
     * Halide's of the same extents, of which one other may be more than 1. Gives 0. */
    int (*sort_rows)(struct latent_kernel_context* context, struct halide_buffer_t* keys,
                     int dimension, struct halide_buffer_t* order);
    /* Records a message; the kernel then returns a code other than zero. */
    void (*error)(struct latent_kernel_context* context, const char* message);
};

#ifdef __cplusplus
}
#endif
