#include "generation.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace gpt {

std::string generate(const Model& model, const Alphabet& alphabet, const std::string& prompt,
                     latent::Key key, const GenerationOptions& options) {
    const auto context = static_cast<std::size_t>(options.context);
    std::vector<std::uint8_t> text = alphabet.encode(prompt);
    std::string written;
    for (std::int64_t i = 0; i < options.characters; ++i) {
        // A window of one size and its last position as data: every character has the same plan.
        // No position sees what is behind it, so it does not matter how a short text is filled up.
        const std::size_t known = std::min(text.size(), context);
        std::vector<std::uint8_t> window(text.end() - static_cast<std::ptrdiff_t>(known),
                                         text.end());
        window.resize(context);
        const latent::Tensor last = latent::Tensor::from({static_cast<std::int64_t>(known) - 1});
        const latent::Tensor logits =
            latent::take(model(latent::Tensor::from(window, {1, context})), last, 1);
        const latent::Tensor drawn = latent::categorical(
            latent::fold_in(key, static_cast<std::uint64_t>(i)), logits / options.temperature);
        text.push_back(drawn.item<std::uint8_t>());
        written += alphabet.character(text.back());
    }
    return written;
}

}  // namespace gpt
