#pragma once

#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/compiler/compiler_api.h"
#include "codegen/runtime/build_id.h"
#include "codegen/runtime/compiler.h"

namespace latent::codegen::runtime {

/// The compiler in liblatent_compiler.so, which is loaded (and libHalide with it) at the first use
/// and stays loaded.
class CompilerLibrary final : public Compiler {
  public:
    /// Where to look, in order: $LATENT_COMPILER alone if it is set; else the build and the install
    /// path, the folder of the program and the `lib` beside it, and the bare name, for the loader's
    /// own search.
    static std::vector<std::filesystem::path> default_paths();

    /// `build_id`: what the library must answer, so that a kernel always comes from the sources
    /// that its key names.
    explicit CompilerLibrary(std::vector<std::filesystem::path> paths = default_paths(),
                             std::string build_id = compiler_build_id);

    /// Throws CompileError, also if no library that fits can be loaded, with the reason for each
    /// path.
    CompiledObject compile(std::span<const CompileRequest> requests, unsigned notes) override;
    KernelNotes describe(const CompileRequest& request, unsigned notes) override;

  private:
    using CompileKernels = decltype(&latent_compile_kernels);

    CompileKernels entry();
    CompileKernels find() const;
    CompileKernels try_load(const std::filesystem::path& path, std::string& reason) const;
    void run(std::span<const CompileRequest> requests, unsigned notes,
             const latent_compile_sink& sink);

    const std::vector<std::filesystem::path> paths_;
    const std::string build_id_;
    std::mutex mutex_;
    CompileKernels entry_ = nullptr;
};

}  // namespace latent::codegen::runtime
