#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace latent::codegen::runtime {

/// XXH64 (Yann Collet, https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md): a checksum, not a
/// signature.
std::uint64_t xxhash64(std::span<const std::byte> bytes, std::uint64_t seed = 0);

/// 32 hexadecimal digits from two seeds: names files and symbols after the text that they belong
/// to.
std::string hash_name(std::string_view text);

}  // namespace latent::codegen::runtime
