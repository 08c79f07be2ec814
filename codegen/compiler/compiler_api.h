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

/* Where results go. The callbacks run on the calling thread, before latent_compile_kernel returns,
 * and must not throw; the bytes are valid during the callback only. */
struct latent_compile_sink {
    void* context;
    /* The relocatable object (ELF); called once. May be null when only notes are wanted. */
    void (*object)(void* context, const void* bytes, size_t size);
    /* One note; `name` is null-terminated, `text` is not. May be null when `notes` is 0. */
    void (*note)(void* context, const char* name, const char* text, size_t size);
};

/* Compiles the kernel that the `request_size` characters at `request` describe (a region with its
 * schedule and ISA: all that the compiler sees) into an object whose entry is `<symbol>_argv`, `int
 * (void** arguments)`, with the address of the user context pointer as first argument. `notes` is a
 * mask of latent_compile_note. Returns 0, or another value after writing a null-terminated message
 * to `error` (cut to `error_capacity` bytes). Never throws. May be called from several threads at
 * once. */
int latent_compile_kernel(const char* request, size_t request_size, const char* symbol,
                          unsigned notes, const struct latent_compile_sink* sink, char* error,
                          size_t error_capacity);

/* Content hash of the compiler's sources and of libHalide; equal to
 * latent::codegen::compiler_build_id of a program that fits. */
const char* latent_compiler_build_id(void);

#ifdef __cplusplus
}
#endif
