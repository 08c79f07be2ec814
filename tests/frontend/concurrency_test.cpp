#include <bit>
#include <random>
#include <thread>

#include "tests/frontend/support.h"

using namespace latent;

namespace {

/// Tensors that all threads build on: data, lazy expressions and a parameter.
struct Shared {
    Tensor data = normal(Key(1), {16, 8});
    Tensor expression = tanh(data) * 2 + 1;
    Tensor weight = leaf(normal(Key(2), {8, 8}));
};

/// A random walk over operations on the shared tensors; evaluates some values on the way.
std::vector<float> random_program(const Shared& shared, unsigned seed) {
    std::mt19937 random(seed);
    std::vector<Tensor> pool{shared.data, shared.expression, matmul(shared.data, shared.weight)};
    const auto any = [&]() -> const Tensor& { return pool[random() % pool.size()]; };
    for (int i = 0; i < 30; ++i) {
        switch (random() % 6) {
            case 0:
                pool.push_back(any() + any());
                break;
            case 1:
                pool.push_back(tanh(matmul(any(), shared.weight)));
                break;
            case 2:
                pool.push_back(softmax(any()));
                break;
            case 3:
                pool.push_back(any() * any().mean(0));
                break;
            case 4:
                pool.push_back(relu(any()) - 0.5f);
                break;
            default:
                any().eval();
        }
    }
    const Tensor loss =
        square(pool.back()).mean() + (matmul(shared.expression, shared.weight)).mean();
    const Gradients g = loss.backward();
    eval(loss, g[shared.weight]);
    std::vector<float> result = g[shared.weight].to_vector<float>();
    result.push_back(loss.item<float>());
    return result;
}

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
    std::vector<std::uint32_t> result;
    for (const float value : values) {
        result.push_back(std::bit_cast<std::uint32_t>(value));
    }
    return result;
}

}  // namespace

TEST_CASE("eight threads that build on and evaluate shared tensors get the same bits as one thread",
          "[concurrency]") {
    constexpr unsigned threads = 8;
    constexpr unsigned programs = 4;
    std::vector<std::vector<std::uint32_t>> expected;
    {
        const Shared shared;
        for (unsigned i = 0; i < threads * programs; ++i) {
            expected.push_back(bits(random_program(shared, i % 12)));
        }
    }
    const Shared shared;
    std::vector<std::vector<std::uint32_t>> got(threads * programs);
    {
        std::vector<std::jthread> workers;
        for (unsigned t = 0; t < threads; ++t) {
            workers.emplace_back([&, t] {
                for (unsigned i = t; i < threads * programs; i += threads) {
                    got[i] = bits(random_program(shared, i % 12));
                }
            });
        }
    }
    CHECK(got == expected);
}

TEST_CASE("one tensor may be evaluated, read, printed and differentiated by many threads at once",
          "[concurrency]") {
    const Tensor x = leaf(normal(Key(3), {64}));
    const Tensor y = (exp(x) * x).sum();
    const Gradients g = y.backward();
    std::vector<float> results(8);
    {
        std::vector<std::jthread> workers;
        for (std::size_t t = 0; t < results.size(); ++t) {
            workers.emplace_back([&, t] {
                std::ostringstream stream;
                stream << y << g[x];
                results[t] = g[x].sum().item<float>() + y.item<float>();
            });
        }
    }
    for (const float result : results) {
        CHECK(result == results[0]);
    }
}
