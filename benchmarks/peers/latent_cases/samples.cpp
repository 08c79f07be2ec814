#include "benchmarks/peers/latent_cases/samples.h"

#include <algorithm>
#include <stdexcept>

namespace latent::peers {

namespace {

Tensor labels(const Shape& shape, std::int64_t classes) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) {
        count *= extent;
    }
    std::vector<std::int32_t> numbers;
    for (std::int64_t i = 0; i < count; ++i) {
        numbers.push_back(static_cast<std::int32_t>(i * 7919 % classes));
    }
    return Tensor::from(numbers, shape);
}

Tensor sample(const CaseInput& input, std::uint64_t seed) {
    if (input.kind == CaseInput::Kind::labels) {
        return labels(input.shape, input.classes);
    }
    const Tensor numbers = normal(Key(seed), input.shape) * 0.1;
    return input.kind == CaseInput::Kind::positive ? abs(numbers) + 0.01 : numbers;
}

}  // namespace

Inputs samples(const CaseInputs& inputs) {
    return Inputs([inputs](const std::string& name) {
        const auto found = std::ranges::find(inputs, name, &CaseInput::name);
        if (found == inputs.end()) {
            throw std::runtime_error("sizes.cpp has no input " + name);
        }
        return sample(*found, static_cast<std::uint64_t>(found - inputs.begin()));
    });
}

}  // namespace latent::peers
