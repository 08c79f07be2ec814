#include "codegen/runtime/hash.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>

namespace latent::codegen::runtime {
namespace {

constexpr std::uint64_t prime_1 = 0x9E3779B185EBCA87u;
constexpr std::uint64_t prime_2 = 0xC2B2AE3D27D4EB4Fu;
constexpr std::uint64_t prime_3 = 0x165667B19E3779F9u;
constexpr std::uint64_t prime_4 = 0x85EBCA77C2B2AE63u;
constexpr std::uint64_t prime_5 = 0x27D4EB2F165667C5u;
constexpr std::size_t stripe = 32;

static_assert(std::endian::native == std::endian::little, "lanes are read as little endian");

template <typename T>
T read(std::span<const std::byte> bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
}

std::uint64_t round(std::uint64_t accumulator, std::uint64_t lane) {
    return std::rotl(accumulator + lane * prime_2, 31) * prime_1;
}

std::uint64_t hash_stripes(std::span<const std::byte>& bytes, std::uint64_t seed) {
    std::array<std::uint64_t, 4> lanes = {seed + prime_1 + prime_2, seed + prime_2, seed,
                                          seed - prime_1};
    while (bytes.size() >= stripe) {
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
            lanes[lane] = round(lanes[lane], read<std::uint64_t>(bytes.subspan(8 * lane)));
        }
        bytes = bytes.subspan(stripe);
    }
    std::uint64_t hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
                         std::rotl(lanes[3], 18);
    for (const std::uint64_t lane : lanes) {
        hash = (hash ^ round(0, lane)) * prime_1 + prime_4;
    }
    return hash;
}

}  // namespace

std::uint64_t xxhash64(std::span<const std::byte> bytes, std::uint64_t seed) {
    const std::uint64_t size = bytes.size();
    std::uint64_t hash = size >= stripe ? hash_stripes(bytes, seed) : seed + prime_5;
    hash += size;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        hash = std::rotl(hash ^ round(0, read<std::uint64_t>(bytes)), 27) * prime_1 + prime_4;
    }
    if (bytes.size() >= 4) {
        hash = std::rotl(hash ^ (read<std::uint32_t>(bytes) * prime_1), 23) * prime_2 + prime_3;
        bytes = bytes.subspan(4);
    }
    for (const std::byte byte : bytes) {
        hash = std::rotl(hash ^ (std::to_integer<std::uint64_t>(byte) * prime_5), 11) * prime_1;
    }
    hash = (hash ^ (hash >> 33)) * prime_2;
    hash = (hash ^ (hash >> 29)) * prime_3;
    return hash ^ (hash >> 32);
}

std::string hash_name(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return fmt::format("{:016x}{:016x}", xxhash64(bytes, 0), xxhash64(bytes, prime_5));
}

}  // namespace latent::codegen::runtime
