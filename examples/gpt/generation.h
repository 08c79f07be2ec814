#pragma once

#include <latent/latent.h>

#include <cstdint>
#include <string>

#include "corpus.h"
#include "model.h"

namespace gpt {

struct GenerationOptions {
    std::int64_t characters = 400;
    /// What logits are divided by: below 1, what is likely becomes likelier.
    double temperature = 0.7;
    std::int64_t context = 64;
};

/// What the model writes after a prompt, which is not empty: one character after the other, drawn
/// with the key. The same key, the same text.
std::string generate(const Model& model, const Alphabet& alphabet, const std::string& prompt,
                     latent::Key key, const GenerationOptions& options);

}  // namespace gpt
