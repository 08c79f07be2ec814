#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/region.h"

namespace latent::codegen {

struct KernelText {
    std::string_view request;
    std::string symbol;
};

using Notes = std::map<std::string, std::string>;  ///< by the names in compiler_api.h

struct CompiledKernels {
    std::string object;        ///< a relocatable ELF file with all of them; empty if not asked for
    std::vector<Notes> notes;  ///< of each
};

/// Lowers requests, schedules them and has Halide generate the code, in one module of LLVM: each
/// module takes LLVM some 14 ms, whatever is in it. `notes` is a mask of latent_compile_note.
/// Throws ParseError, InternalError, CompileError, or what Halide throws.
CompiledKernels compile_kernels(std::span<const KernelText> kernels, unsigned notes,
                                bool want_object);

}  // namespace latent::codegen
