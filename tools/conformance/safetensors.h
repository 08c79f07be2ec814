#pragma once

#include <latent/tensor.h>

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace latent::conformance {

/// The tensors of a safetensors file: an 8-byte little-endian length, that many bytes of JSON (name
/// to dtype, shape and offsets), then raw little-endian row-major data.
/// Source: https://github.com/huggingface/safetensors#format
class TensorFile {
  public:
    /// Throws std::runtime_error where the file cannot be read or its parts do not fit together.
    explicit TensorFile(const std::filesystem::path& path);

    /// Throws Unsupported for a dtype that Latent has not, std::runtime_error for an unknown name.
    Tensor operator[](const std::string& name) const;

  private:
    struct Entry {
        std::string dtype;
        std::vector<std::int64_t> shape;
        std::size_t begin = 0;
        std::size_t end = 0;
    };

    template <Element T>
    Tensor read(const std::string& name, const Entry& entry) const;

    std::vector<std::byte> data_;
    std::map<std::string, Entry> entries_;
};

}  // namespace latent::conformance
