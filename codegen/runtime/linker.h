#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace latent::codegen::runtime {

/// A program that makes shared objects.
struct Linker {
    std::filesystem::path program;
    bool is_compiler_driver = false;  // `cc` and its like, which call the linker
};

/// $LATENT_LINKER (a path, or a name in PATH), else the first of ld, ld.lld, ld.gold, cc, gcc,
/// clang in PATH. Throws CompileError with ways out if there is none.
Linker find_linker();

/// Links the kernel whose symbols are `symbol` and `<symbol>_...` with the stub into a shared
/// object and returns its bytes. Sections of the object that the kernel does not reach are left
/// out. All files lie in a private temporary folder that is gone afterwards. Throws CompileError
/// with the linker's own words, or for a full disk.
std::vector<std::byte> link_kernel(const Linker& linker, std::span<const std::byte> object,
                                   const std::string& symbol);

}  // namespace latent::codegen::runtime
