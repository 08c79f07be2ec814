#include "comparison.h"

#include <algorithm>
#include <cstdio>
#include <functional>

#include "op_by_op.h"

namespace digits {

namespace {

constexpr double learning_rate = 1e-3;
constexpr std::size_t runs = 51;

struct Cost {
    double milliseconds = 0;  ///< median
    std::uint64_t launches = 0;
    std::uint64_t allocations = 0;
};

Cost measure(const std::function<Step<Mlp>()>& step) {
    step();  // Compiles or loads what it needs.
    Cost cost;
    std::vector<double> milliseconds;
    for (std::size_t run = 0; run < runs; ++run) {
        const latent::Counters before = latent::counters();
        const auto start = std::chrono::steady_clock::now();
        step();
        const std::chrono::duration<double, std::milli> elapsed =
            std::chrono::steady_clock::now() - start;
        const latent::Counters after = latent::counters();
        milliseconds.push_back(elapsed.count());
        cost.launches = after.launches - before.launches;
        cost.allocations = after.allocations - before.allocations;
    }
    const auto median = milliseconds.begin() + runs / 2;
    std::nth_element(milliseconds.begin(), median, milliseconds.end());
    cost.milliseconds = *median;
    return cost;
}

float largest_difference(const Mlp& a, const Mlp& b) {
    const auto distance = [](const latent::Tensor& x, const latent::Tensor& y) {
        return latent::abs(x - y).max().item<float>();
    };
    return std::max({distance(a.hidden.weight, b.hidden.weight),
                     distance(a.hidden.bias, b.hidden.bias),
                     distance(a.output.weight, b.output.weight),
                     distance(a.output.bias, b.output.bias)});
}

}  // namespace

void compare_with_op_by_op(const Mlp& model, const latent::optim::AdamState& state,
                           const Batch& batch) {
    const auto lazy = [&] {
        Step<Mlp> step = training_step(model, state, batch, learning_rate);
        latent::eval(step);
        return step;
    };
    const auto eager = [&] { return op_by_op_step(model, state, batch, learning_rate); };
    const Cost fused = measure(lazy);
    const Cost separate = measure(eager);

    std::printf("  %-28s %12s %12s\n", "", "Latent", "op by op");
    std::printf("  %-28s %12.3f %12.3f\n", "milliseconds (median)", fused.milliseconds,
                separate.milliseconds);
    std::printf("  %-28s %12ju %12ju\n", "kernel launches", std::uintmax_t{fused.launches},
                std::uintmax_t{separate.launches});
    std::printf("  %-28s %12ju %12ju\n", "buffers allocated", std::uintmax_t{fused.allocations},
                std::uintmax_t{separate.allocations});
    std::printf("  The new parameters of the two differ by at most %.1e.\n",
                static_cast<double>(largest_difference(lazy().model, eager().model)));
}

}  // namespace digits
