#include "codegen/runtime/disk_cache_entry.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "codegen/runtime/hash.h"

namespace latent::codegen::runtime {
namespace {

constexpr std::string_view magic = "LATENTKC";
constexpr std::uint64_t format_version = 2;
// Magic, version, checksum.
constexpr std::size_t header_size = magic.size() + 2 * sizeof(std::uint64_t);

class Writer {
  public:
    void raw(std::span<const std::byte> data) {
        bytes_.insert(bytes_.end(), data.begin(), data.end());
    }
    void number(std::uint64_t value) { raw(std::as_bytes(std::span(&value, 1))); }
    void block(std::span<const std::byte> data) {
        number(data.size());
        raw(data);
    }
    void text(std::string_view value) { block(std::as_bytes(std::span(value))); }
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
};

class Reader {
  public:
    explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    /// Throws std::out_of_range at the end of the bytes, as do the others.
    std::span<const std::byte> raw(std::uint64_t size) {
        if (size > bytes_.size()) {
            throw std::out_of_range("a cache entry is shorter than it says");
        }
        const auto data = bytes_.first(size);
        bytes_ = bytes_.subspan(size);
        return data;
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        std::memcpy(&value, raw(sizeof(value)).data(), sizeof(value));
        return value;
    }
    std::span<const std::byte> block() { return raw(number()); }
    std::string_view text() {
        const auto data = block();
        return {reinterpret_cast<const char*>(data.data()), data.size()};
    }
    bool at_end() const { return bytes_.empty(); }

  private:
    std::span<const std::byte> bytes_;
};

std::vector<std::byte> write_body(std::string_view key, const KernelImage& image) {
    Writer body;
    body.text(key);
    body.number(image.notes.size());
    for (const auto& [name, text] : image.notes) {
        body.text(name);
        body.text(text);
    }
    body.block(image.shared_object);
    return body.take();
}

CacheEntry read_body(std::string_view key, Reader body) {
    CacheEntry entry{CacheEntry::Kind::match, {}};
    if (body.text() != key) {
        return {CacheEntry::Kind::other, {}};
    }
    for (std::uint64_t notes = body.number(); notes > 0; --notes) {
        const std::string_view name = body.text();
        entry.image.notes.emplace(name, body.text());
    }
    const auto shared_object = body.block();
    entry.image.shared_object.assign(shared_object.begin(), shared_object.end());
    if (!body.at_end()) {
        throw std::out_of_range("a cache entry is longer than it says");
    }
    return entry;
}

}  // namespace

std::vector<std::byte> write_cache_entry(std::string_view key, const KernelImage& image) {
    const std::vector<std::byte> body = write_body(key, image);
    Writer file;
    file.raw(std::as_bytes(std::span(magic)));
    file.number(format_version);
    file.number(xxhash64(body));
    file.raw(body);
    return file.take();
}

CacheEntry read_cache_entry(std::string_view key, std::span<const std::byte> file) {
    if (file.size() < header_size ||
        !std::ranges::equal(file.first(magic.size()), std::as_bytes(std::span(magic)))) {
        return {};
    }
    Reader header(file.subspan(magic.size()));
    if (header.number() != format_version) {
        return {CacheEntry::Kind::other, {}};
    }
    const auto body = file.subspan(header_size);
    if (header.number() != xxhash64(body)) {
        return {};
    }
    try {
        return read_body(key, Reader(body));
    } catch (const std::out_of_range&) {
        return {};
    }
}

}  // namespace latent::codegen::runtime
