#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/runtime/kernel_image.h"

namespace latent::codegen::runtime {

/// The bytes of a cache file: magic, format version, checksum of the rest, key, notes, shared
/// object.
std::vector<std::byte> write_cache_entry(std::string_view key, const KernelImage& image);

/// What a cache file turned out to be.
struct CacheEntry {
    enum class Kind {
        damaged,  // not a cache file, cut short, or changed since it was written
        other,    // sound, but of another format version or for another key
        match,
    };

    Kind kind = Kind::damaged;
    KernelImage image;  // of a match
};

CacheEntry read_cache_entry(std::string_view key, std::span<const std::byte> file);

}  // namespace latent::codegen::runtime
