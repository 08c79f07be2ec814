#include "corpus.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

namespace gpt {

namespace {

constexpr std::size_t fewest_characters = 20'000;

std::string read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

Alphabet::Alphabet(const std::string& text) {
    const std::set<char> found(text.begin(), text.end());
    characters_.assign(found.begin(), found.end());
}

std::vector<std::uint8_t> Alphabet::encode(const std::string& text) const {
    std::vector<std::uint8_t> numbers;
    numbers.reserve(text.size());
    for (const char character : text) {
        const auto place = std::lower_bound(characters_.begin(), characters_.end(), character);
        numbers.push_back(static_cast<std::uint8_t>(place - characters_.begin()));
    }
    return numbers;
}

Corpus load_corpus(const std::filesystem::path& folder) {
    std::set<std::filesystem::path> documents;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".md") {
            documents.insert(entry.path());
        }
    }
    Corpus corpus;
    for (const std::filesystem::path& document : documents) {
        const std::string text = read(document);
        const std::size_t cut = text.size() - text.size() / 10;
        corpus.train += text.substr(0, cut);
        corpus.held_out += text.substr(cut);
    }
    if (corpus.train.size() < fewest_characters) {
        throw std::runtime_error(folder.string() + " has too little text in files *.md");
    }
    return corpus;
}

CountingModels counting_models(const Corpus& corpus, const Alphabet& alphabet) {
    const auto size = static_cast<std::size_t>(alphabet.size());
    std::vector<double> pairs(size * size, 1);
    const std::vector<std::uint8_t> train = alphabet.encode(corpus.train);
    for (std::size_t i = 1; i < train.size(); ++i) {
        ++pairs[train[i - 1] * size + train[i]];
    }
    std::vector<double> firsts(size);   // pairs that begin with a character
    std::vector<double> seconds(size);  // that end in it
    double all = 0;
    for (std::size_t i = 0; i < size * size; ++i) {
        firsts[i / size] += pairs[i];
        seconds[i % size] += pairs[i];
        all += pairs[i];
    }
    const std::vector<std::uint8_t> text = alphabet.encode(corpus.held_out);
    CountingModels bits;
    for (std::size_t i = 1; i < text.size(); ++i) {
        bits.unigram -= std::log2(seconds[text[i]] / all);
        bits.bigram -= std::log2(pairs[text[i - 1] * size + text[i]] / firsts[text[i - 1]]);
    }
    const auto count = static_cast<double>(text.size() - 1);
    return {bits.unigram / count, bits.bigram / count};
}

}  // namespace gpt
