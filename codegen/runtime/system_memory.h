#pragma once

#include <cstddef>

namespace latent::codegen::runtime {

/// From this size on, memory is mapped by itself, aligned to huge pages and advised to lie on them.
inline constexpr std::size_t huge_page = std::size_t{2} << 20;

/// `size` bytes, a multiple of 64 or, from a huge page on, of a page, aligned as MemoryPool says,
/// and `ir::readable_past_end` more to read; null if the system has none.
std::byte* system_allocate(std::size_t size) noexcept;
/// `size` as it was asked for.
void system_free(std::byte* memory, std::size_t size) noexcept;

/// Under AddressSanitizer, makes any use of kept memory an error, and allows it again; otherwise
/// nothing.
void forbid_use(std::byte* memory, std::size_t size) noexcept;
void allow_use(std::byte* memory, std::size_t size) noexcept;

}  // namespace latent::codegen::runtime
