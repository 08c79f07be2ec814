#pragma once

#include <latent/latent.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gpt {

/// Characters as numbers: the positions of bytes in the list of those that occur.
class Alphabet {
  public:
    explicit Alphabet(const std::string& text);
    std::int64_t size() const { return static_cast<std::int64_t>(characters_.size()); }
    std::vector<std::uint8_t> encode(const std::string& text) const;
    char character(std::size_t number) const { return characters_[number]; }

  private:
    std::string characters_;  ///< in increasing order
};

struct Corpus {
    std::string train;
    /// The last tenth of each document.
    std::string held_out;
};

/// Reads the files *.md of a folder, in the order of their names. Throws std::runtime_error where
/// they are too short to learn from.
Corpus load_corpus(const std::filesystem::path& folder);

/// Bits per character of the held-out text under models that count, which is what a network has to
/// beat. Every character was seen once more than it was.
struct CountingModels {
    double unigram = 0;  ///< each character for itself
    double bigram = 0;   ///< given the one before it
};
CountingModels counting_models(const Corpus& corpus, const Alphabet& alphabet);

}  // namespace gpt
