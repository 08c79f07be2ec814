#pragma once

#include <span>
#include <string>

#include "codegen/runtime/kernel_image.h"

namespace latent::codegen::runtime {

/// A kernel to be compiled: the text of its request, and what its symbols begin with.
struct CompileRequest {
    std::string text;
    std::string symbol;
};

/// Turns the texts of kernel requests into an object. Implementations allow calls from several
/// threads at once.
class Compiler {
  public:
    Compiler() = default;
    Compiler(const Compiler&) = delete;
    Compiler& operator=(const Compiler&) = delete;
    virtual ~Compiler() = default;

    /// One object with all kernels, whose entries are `<symbol>_argv` and whose functions have
    /// sections of their own. `notes`: a mask of latent_compile_note. Throws CompileError if it
    /// fails for any of them.
    virtual CompiledObject compile(std::span<const CompileRequest> requests, unsigned notes) = 0;

    /// The notes alone, without an object. Throws CompileError.
    virtual KernelNotes describe(const CompileRequest& request, unsigned notes) = 0;
};

}  // namespace latent::codegen::runtime
