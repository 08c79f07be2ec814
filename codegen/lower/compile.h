#pragma once

#include <map>
#include <string>

#include "ir/region.h"

namespace latent::codegen {

struct CompiledKernel {
    std::string object;                        ///< a relocatable ELF file; empty if not asked for
    std::map<std::string, std::string> notes;  ///< by the names in compiler_api.h
};

/// Lowers a request, schedules it and has Halide generate the code. `notes` is a mask of
/// latent_compile_note. Throws ParseError, InternalError, CompileError, or what Halide throws.
CompiledKernel compile_kernel(std::string_view request, const std::string& symbol, unsigned notes,
                              bool want_object);

}  // namespace latent::codegen
