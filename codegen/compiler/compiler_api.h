/* The C entry points of liblatent_compiler.so, the only part of Latent that links libHalide. A
 * program loads it at the first kernel that no cache holds (see
 * codegen/runtime/compiler_library.h). Nothing but plain C crosses this border, so the program's
 * and the compiler's copies of the IR never meet. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a compilation can tell beside the object; a bit mask. Each note is delivered under the name
 * that stands beside it. */
enum latent_compile_note {
    latent_note_schedule =
        1u << 0, /* "schedule": the directives, in the order in which they were applied */
    latent_note_loop_nest = 1u << 1, /* "loop nest": the loops that these make */
    latent_note_statement = 1u << 2, /* "statement": Halide's lowered statement */
    latent_note_assembly = 1u << 3,  /* "assembly": the machine code as text */
};

/* A kernel to be compiled: `size` characters at `text` describe it (a region with its schedule and
 * ISA: all that the compiler sees). Its entry becomes `<symbol>_argv`, `int (void** arguments)`,
 * with the address of the user context pointer as first argument. */
struct latent_compile_request {
    const char* text;
    size_t size;
    const char* symbol; /* null-terminated */
};

/* Where results go. The callbacks run on the calling thread, before latent_compile_kernels returns,
 * and must not throw; the bytes are valid during the callback only. */
struct latent_compile_sink {
    void* context;
    /* The relocatable object (ELF) with all kernels, each function in a section of its own; called
     * once. May be null when only notes are wanted. */
    void (*object)(void* context, const void* bytes, size_t size);
    /* One note of the request at that index; `name` is null-terminated, `text` is not. May be null
     * when `notes` is 0. */
    void (*note)(void* context, size_t request, const char* name, const char* text, size_t size);
};

/* Compiles `count` kernels, one or more, for one instruction set, which takes less time together
 * than one by one. `notes` is a mask of latent_compile_note. Returns 0, or another value after
 * writing a null-terminated message to `error` (cut to `error_capacity` bytes), which concerns any
 * of them. Never throws. May be called from several threads at once. */
int latent_compile_kernels(const struct latent_compile_request* requests, size_t count,
                           unsigned notes, const struct latent_compile_sink* sink, char* error,
                           size_t error_capacity);

/* Content hash of the compiler's sources and of libHalide; equal to
 * latent::codegen::compiler_build_id of a program that fits. */
const char* latent_compiler_build_id(void);

#ifdef __cplusplus
}
#endif
