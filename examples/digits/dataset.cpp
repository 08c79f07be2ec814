#include "dataset.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>
#include <span>
#include <stdexcept>
#include <string_view>

namespace digits {

namespace {

constexpr std::string_view magic = "LTDIGIT1";
constexpr float full_ink = 16;

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error("cannot read " + path.string());
    }
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::size_t little_endian(std::span<const std::uint8_t, 4> bytes) {
    std::size_t number = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        number |= static_cast<std::size_t>(bytes[i]) << (8 * i);
    }
    return number;
}

std::vector<std::size_t> shuffled_indices(std::size_t count, std::mt19937& random) {
    std::vector<std::size_t> indices(count);
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    std::shuffle(indices.begin(), indices.end(), random);
    return indices;
}

Examples chosen(const Examples& source, std::span<const std::size_t> indices) {
    Examples result{.pixels_per_image = source.pixels_per_image, .pixels = {}, .labels = {}};
    for (const std::size_t index : indices) {
        result.append(source, index);
    }
    return result;
}

}  // namespace

void Examples::append(const Examples& source, std::size_t index) {
    const auto image =
        source.pixels.begin() + static_cast<std::ptrdiff_t>(index * source.pixels_per_image);
    pixels.insert(pixels.end(), image,
                  image + static_cast<std::ptrdiff_t>(source.pixels_per_image));
    labels.push_back(source.labels[index]);
}

Dataset load_dataset(const std::filesystem::path& path, std::size_t test_count, unsigned seed) {
    const std::vector<std::uint8_t> bytes = read_bytes(path);
    const std::span<const std::uint8_t> file(bytes);
    constexpr std::size_t header_size = magic.size() + 3 * 4;
    if (file.size() < header_size || !std::equal(magic.begin(), magic.end(), file.begin())) {
        throw std::runtime_error(path.string() + " is not a file of digits");
    }
    const std::size_t count = little_endian(file.subspan<8, 4>());
    const std::size_t rows = little_endian(file.subspan<12, 4>());
    const std::size_t columns = little_endian(file.subspan<16, 4>());
    const std::size_t pixel_count = count * rows * columns;
    if (file.size() != header_size + pixel_count + count || test_count >= count) {
        throw std::runtime_error(path.string() + " holds another number of digits than it says");
    }

    Examples all{.pixels_per_image = rows * columns, .pixels = {}, .labels = {}};
    for (const std::uint8_t ink : file.subspan(header_size, pixel_count)) {
        all.pixels.push_back(static_cast<float>(ink) / full_ink);
    }
    const auto labels = file.last(count);
    all.labels.assign(labels.begin(), labels.end());

    std::mt19937 random(seed);
    const std::vector<std::size_t> order = shuffled_indices(count, random);
    const std::span<const std::size_t> indices(order);
    return {.rows = rows,
            .columns = columns,
            .train = chosen(all, indices.subspan(test_count)),
            .test = chosen(all, indices.first(test_count))};
}

Batch whole(const Examples& examples) {
    const std::size_t count = examples.size();
    return {.images = latent::Tensor::from(examples.pixels, {count, examples.pixels_per_image}),
            .labels = latent::Tensor::from(examples.labels, {count})};
}

Minibatches::Minibatches(const Examples& examples, std::size_t batch_size, unsigned seed)
    : examples_(examples), batch_size_(batch_size), random_(seed) {}

std::size_t Minibatches::per_epoch() const {
    return (examples_.size() + batch_size_ - 1) / batch_size_;
}

std::vector<Batch> Minibatches::next_epoch() {
    const std::vector<std::size_t> order = shuffled_indices(examples_.size(), random_);
    const std::span<const std::size_t> indices(order);
    std::vector<Batch> batches;
    for (std::size_t start = 0; start < indices.size(); start += batch_size_) {
        const std::size_t size = std::min(batch_size_, indices.size() - start);
        batches.push_back(whole(chosen(examples_, indices.subspan(start, size))));
    }
    return batches;
}

}  // namespace digits
