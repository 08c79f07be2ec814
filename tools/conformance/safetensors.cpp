#include "tools/conformance/safetensors.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tools/conformance/call.h"

namespace latent::conformance {

static_assert(std::endian::native == std::endian::little);

TensorFile::TensorFile(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::uint64_t header_size = 0;
    if (!file.read(reinterpret_cast<char*>(&header_size), sizeof header_size) ||
        header_size > std::filesystem::file_size(path) - sizeof header_size) {
        throw std::runtime_error(fmt::format("{} is no safetensors file", path.string()));
    }
    std::string header(header_size, '\0');
    file.read(header.data(), static_cast<std::streamsize>(header_size));
    data_.resize(std::filesystem::file_size(path) - sizeof header_size - header_size);
    file.read(reinterpret_cast<char*>(data_.data()), static_cast<std::streamsize>(data_.size()));
    if (!file) {
        throw std::runtime_error(fmt::format("{} cannot be read", path.string()));
    }
    const nlohmann::json tensors = nlohmann::json::parse(header);
    for (const auto& [name, value] : tensors.items()) {
        if (name == "__metadata__") {
            continue;
        }
        Entry entry{.dtype = value.at("dtype"),
                    .shape = value.at("shape"),
                    .begin = value.at("data_offsets").at(0),
                    .end = value.at("data_offsets").at(1)};
        if (entry.begin > entry.end || entry.end > data_.size()) {
            throw std::runtime_error(fmt::format("{}: {} lies outside", path.string(), name));
        }
        entries_.emplace(name, std::move(entry));
    }
}

template <Element T>
Tensor TensorFile::read(const std::string& name, const Entry& entry) const {
    // Not std::vector, which has no bool elements side by side.
    const std::size_t count = (entry.end - entry.begin) / sizeof(T);
    const auto elements = std::make_unique<T[]>(count);
    if (count != 0) {
        std::memcpy(elements.get(), data_.data() + entry.begin, count * sizeof(T));
    }
    const Shape shape(entry.shape);
    std::size_t expected = sizeof(T);
    for (const std::int64_t extent : shape) {
        expected *= static_cast<std::size_t>(extent);
    }
    if (expected != entry.end - entry.begin) {
        throw std::runtime_error(fmt::format("{} has not the size of its shape", name));
    }
    return Tensor::from(std::span<const T>(elements.get(), count), shape);
}

Tensor TensorFile::operator[](const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end()) {
        throw std::runtime_error(fmt::format("there is no tensor {}", name));
    }
    const Entry& entry = found->second;
    if (entry.dtype == "F32") {
        return read<float>(name, entry);
    }
    if (entry.dtype == "F64") {
        return read<double>(name, entry);
    }
    if (entry.dtype == "I32") {
        return read<std::int32_t>(name, entry);
    }
    if (entry.dtype == "I64") {
        return read<std::int64_t>(name, entry);
    }
    if (entry.dtype == "BOOL") {
        return read<bool>(name, entry);
    }
    throw Unsupported(fmt::format("dtype {}", entry.dtype));
}

}  // namespace latent::conformance
