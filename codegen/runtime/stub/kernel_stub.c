/* Linked into every kernel: Halide's runtime entry points, forwarded through the user context. So a
 * kernel object needs no Halide runtime, loads under RTLD_LOCAL, and works in static programs and
 * beside other instances of Latent. Hidden, so that a runtime which the program has loaded globally
 * cannot take their place. */
#include "codegen/runtime/stub/kernel_context.h"

#include <immintrin.h>

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

LATENT_HIDDEN int latent_sort_rows(void* user_context, struct halide_buffer_t* keys, int dimension,
                                   struct halide_buffer_t* order) {
    struct latent_kernel_context* context = user_context;
    return context->sort_rows(context, keys, dimension, order);
}

LATENT_HIDDEN void halide_error(void* user_context, const char* message) {
    struct latent_kernel_context* context = user_context;
    context->error(context, message);
}

enum { cache_line = 64 };

/* Elements have 1, 2, 4 or 8 bytes; most have 4 or more. */
static void copy(uint8_t* to, const uint8_t* from, int64_t bytes) {
    int64_t i = 0;
    if (((uintptr_t)to & 3) == 0) {
        for (; i + 4 <= bytes; i += 4) {
            __builtin_memcpy(to + i, from + i, 4);
        }
    }
    for (; i < bytes; ++i) {
        to[i] = from[i];
    }
}

/* Copies to memory past the caches: whole lines by stores that do not read them first, what begins
 * or ends inside a line by plain ones. A place is where a buffer begins and the bytes from there.
 */
#define LATENT_DEFINE_STREAM(name, set, vector, load, stream)                                 \
    LATENT_HIDDEN __attribute__((target(set))) int name(uint8_t* results, int64_t to_offset,  \
                                                        const uint8_t* scratch,               \
                                                        int64_t from_offset, int64_t bytes) { \
        uint8_t* const to = results + to_offset;                                              \
        const uint8_t* const from = scratch + from_offset;                                    \
        int64_t begin = (int64_t)(-(uintptr_t)to & (cache_line - 1));                         \
        begin = begin < bytes ? begin : bytes;                                                \
        const int64_t end = begin + ((bytes - begin) & ~(int64_t)(cache_line - 1));           \
        copy(to, from, begin);                                                                \
        for (int64_t i = begin; i < end; i += (int64_t)sizeof(vector)) {                      \
            stream((vector*)(to + i), load((const vector*)(from + i)));                       \
        }                                                                                     \
        copy(to + end, from + end, bytes - end);                                              \
        return 0;                                                                             \
    }

LATENT_DEFINE_STREAM(latent_stream_16, "sse2", __m128i, _mm_loadu_si128, _mm_stream_si128)
LATENT_DEFINE_STREAM(latent_stream_32, "avx", __m256i, _mm256_loadu_si256, _mm256_stream_si256)
LATENT_DEFINE_STREAM(latent_stream_64, "avx512f", __m512i, _mm512_loadu_si512, _mm512_stream_si512)

/* What has been streamed is seen by other threads before what is stored after this. */
LATENT_HIDDEN int latent_finish_streams(void) {
    _mm_sfence();
    return 0;
}
