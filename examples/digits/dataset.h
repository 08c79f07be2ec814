#pragma once

#include <latent/latent.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <vector>

namespace digits {

inline constexpr std::size_t class_count = 10;

/// Images side by side, row-major, with ink from 0 to 1, and the digit that each shows.
struct Examples {
    std::size_t pixels_per_image = 0;
    std::vector<float> pixels;
    std::vector<std::int32_t> labels;

    std::size_t size() const { return labels.size(); }
    void append(const Examples& source, std::size_t index);
};

struct Dataset {
    std::size_t rows = 0;
    std::size_t columns = 0;
    Examples train;
    Examples test;
};

/// Some examples as tensors: images (n, pixels) f32 and labels (n) i32.
struct Batch {
    latent::Tensor images;
    latent::Tensor labels;
};

/// Reads the format of examples/data/README.md and sets `test_count` examples, chosen by the seed,
/// apart for the test. Throws std::runtime_error where the file is not of that format.
Dataset load_dataset(const std::filesystem::path& path, std::size_t test_count, unsigned seed);

Batch whole(const Examples& examples);

/// Deals the examples out in batches; every epoch in another order, the last batch being smaller.
class Minibatches {
  public:
    Minibatches(const Examples& examples, std::size_t batch_size, unsigned seed);

    std::size_t per_epoch() const;
    std::vector<Batch> next_epoch();

  private:
    const Examples& examples_;
    std::size_t batch_size_;
    std::mt19937 random_;
};

}  // namespace digits
