#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace latent::codegen::runtime {

/// What the compiler tells about a kernel, by the names in compiler_api.h ("schedule", ...).
using KernelNotes = std::map<std::string, std::string, std::less<>>;

/// Kernels as the compiler gives them.
struct CompiledObject {
    std::vector<std::byte> object;   // with all of them
    std::vector<KernelNotes> notes;  // of each
};

/// A kernel ready to be loaded: what the disk cache holds.
struct KernelImage {
    std::vector<std::byte> shared_object;
    KernelNotes notes;
};

}  // namespace latent::codegen::runtime
