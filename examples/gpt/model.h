#pragma once

#include <latent/latent.h>

#include <cstdint>
#include <vector>

/// A small GPT: a transformer that predicts the next character from those before it.
namespace gpt {

struct ModelOptions {
    /// Number of different characters.
    std::int64_t vocabulary = 0;
    /// The most characters that a prediction sees.
    std::int64_t context = 64;
    std::int64_t width = 96;
    std::int64_t heads = 4;
    std::int64_t blocks = 3;
};

/// Small weights, so that at first a block adds little to what it is given. Source:
/// https://openai.com/index/better-language-models/
inline latent::nn::Initializer initial_weights() {
    return latent::nn::initializers::normal(0.02);
}

/// Attention to what came before, then a perceptron; each adds to its input what it makes of the
/// normalised input. Source: https://arxiv.org/abs/2002.04745
struct Block {
    latent::nn::LayerNorm attention_norm;
    latent::nn::MultiHeadAttention attention;
    latent::nn::LayerNorm mlp_norm;
    latent::nn::Linear expand;
    latent::nn::Linear contract;

    static Block make(const ModelOptions& options, latent::Key key) {
        const std::int64_t width = options.width;
        const auto [attention_key, expand_key, contract_key] = latent::split<3>(key);
        const auto linear = [](std::int64_t inputs, std::int64_t outputs, latent::Key own_key) {
            return latent::nn::Linear::make(
                {.inputs = inputs, .outputs = outputs, .weight = initial_weights()}, own_key);
        };
        return {.attention_norm = latent::nn::LayerNorm::make(width),
                .attention = latent::nn::MultiHeadAttention::make(
                    {.width = width, .heads = options.heads, .weight = initial_weights()},
                    attention_key),
                .mlp_norm = latent::nn::LayerNorm::make(width),
                .expand = linear(width, 4 * width, expand_key),
                .contract = linear(4 * width, width, contract_key)};
    }

    /// (batch, positions, width) to the same shape.
    latent::Tensor operator()(const latent::Tensor& x) const {
        const latent::Tensor attended = x + attention(attention_norm(x), {.causal = true});
        return attended + contract(latent::gelu(expand(mlp_norm(attended))));
    }
    void visit(auto&& visitor) {
        visitor("attention_norm", attention_norm, "attention", attention, "mlp_norm", mlp_norm,
                "expand", expand, "contract", contract);
    }
};

/// The table of the embedding is the weight of the output as well. Sources:
/// https://openai.com/index/better-language-models/, https://arxiv.org/abs/1608.05859
struct Model {
    latent::nn::Embedding characters;
    latent::nn::Embedding positions;
    std::vector<Block> blocks;
    latent::nn::LayerNorm norm;

    static Model make(const ModelOptions& options, latent::Key key) {
        const auto [character_key, position_key, block_key] = latent::split<3>(key);
        const auto table = [&](std::int64_t rows, latent::Key table_key) {
            return latent::nn::Embedding::make(
                {.rows = rows, .width = options.width, .table = initial_weights()}, table_key);
        };
        Model model{.characters = table(options.vocabulary, character_key),
                    .positions = table(options.context, position_key),
                    .blocks = {},
                    .norm = latent::nn::LayerNorm::make(options.width)};
        for (std::int64_t i = 0; i < options.blocks; ++i) {
            const latent::Key own = latent::fold_in(block_key, static_cast<std::uint64_t>(i));
            model.blocks.push_back(Block::make(options, own));
        }
        return model;
    }

    /// Characters (batch, positions), at most as many positions as the context, to logits (batch,
    /// positions, vocabulary) of the character that follows each.
    latent::Tensor operator()(const latent::Tensor& text) const {
        latent::Tensor x = characters(text) + positions(latent::arange(text.extent(1)));
        for (const Block& block : blocks) {
            x = block(x);
        }
        return latent::matmul(norm(x), characters.table.transpose());
    }
    void visit(auto&& visitor) {
        visitor("characters", characters, "positions", positions, "blocks", blocks, "norm", norm);
    }
};

}  // namespace gpt
