#pragma once

#include <string>

#include "codegen/runtime/kernel_image.h"

namespace latent::codegen::runtime {

/// Turns the text of a kernel request into an object. Implementations allow calls from several
/// threads at once.
class Compiler {
  public:
    Compiler() = default;
    Compiler(const Compiler&) = delete;
    Compiler& operator=(const Compiler&) = delete;
    virtual ~Compiler() = default;

    /// The object's entry is `<symbol>_argv`. `notes`: a mask of latent_compile_note. Throws
    /// CompileError.
    virtual CompiledObject compile(const std::string& request, const std::string& symbol,
                                   unsigned notes) = 0;

    /// The notes alone, without an object. Throws CompileError.
    virtual KernelNotes describe(const std::string& request, const std::string& symbol,
                                 unsigned notes) = 0;
};

}  // namespace latent::codegen::runtime
