/* Linked into every kernel: Halide's runtime entry points, forwarded through the user context. So a
 * kernel object needs no Halide runtime, loads under RTLD_LOCAL, and works in static programs and
 * beside other instances of Latent. Hidden, so that a runtime which the program has loaded globally
 * cannot take their place. */
#include "codegen/runtime/stub/kernel_context.h"

#define LATENT_HIDDEN __attribute__((visibility("hidden")))

LATENT_HIDDEN void* halide_malloc(void* user_context, size_t size) {
    struct latent_kernel_context* context = user_context;
    return context->allocate(context, size);
}

LATENT_HIDDEN void halide_free(void* user_context, void* memory) {
    struct latent_kernel_context* context = user_context;
    context->release(context, memory);
}

LATENT_HIDDEN int halide_do_par_for(void* user_context, latent_kernel_task task, int begin,
                                    int extent, uint8_t* closure) {
    struct latent_kernel_context* context = user_context;
    return context->parallel_for(context, task, begin, extent, closure);
}

LATENT_HIDDEN int latent_sort_row(void* user_context, struct halide_buffer_t* keys, int dimension,
                                  int decreasing, struct halide_buffer_t* order) {
    struct latent_kernel_context* context = user_context;
    return context->sort_row(context, keys, dimension, decreasing, order);
}

LATENT_HIDDEN void halide_error(void* user_context, const char* message) {
    struct latent_kernel_context* context = user_context;
    context->error(context, message);
}
