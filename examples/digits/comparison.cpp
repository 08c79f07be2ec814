#include "comparison.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <vector>

#include "op_by_op.h"

namespace digits {

namespace {

constexpr std::size_t runs = 51;

/// What a way of computing a step costs.
class Cost {
  public:
    void measure(const std::function<Step<Mlp>()>& step) {
        const latent::Counters before = latent::counters();
        const auto start = std::chrono::steady_clock::now();
        step();
        const std::chrono::duration<double, std::milli> elapsed =
            std::chrono::steady_clock::now() - start;
        const latent::Counters after = latent::counters();
        milliseconds_.push_back(elapsed.count());
        launches = after.launches - before.launches;
        buffers = after.allocations - before.allocations;
        bytes = after.bytes_allocated - before.bytes_allocated;
    }

    double median_milliseconds() const {
        std::vector<double> sorted = milliseconds_;
        std::sort(sorted.begin(), sorted.end());
        return sorted[sorted.size() / 2];
    }

    // Of the last step; all are alike.
    std::uint64_t launches = 0;
    std::uint64_t buffers = 0;
    std::uint64_t bytes = 0;

  private:
    std::vector<double> milliseconds_;
};

float largest_difference(const Mlp& a, const Mlp& b) {
    const std::vector<latent::NamedTensor> others = latent::named_parameters(b);
    float largest = 0;
    for (std::size_t i = 0; const latent::NamedTensor& parameter : latent::named_parameters(a)) {
        const latent::Tensor distance = latent::abs(parameter.tensor - others[i++].tensor);
        largest = std::max(largest, distance.max().item<float>());
    }
    return largest;
}

}  // namespace

void compare_with_op_by_op(const Step<Mlp>& previous, const Batch& batch, double learning_rate) {
    const auto lazy = [&] {
        Step<Mlp> step = training_step(previous.model, previous.state, batch, learning_rate);
        latent::eval(step);
        return step;
    };
    const auto eager = [&] {
        return op_by_op_step(previous.model, previous.state, batch, learning_rate);
    };
    // The first steps compile or load what they need.
    const float difference = largest_difference(lazy().model, eager().model);
    Cost fused;
    Cost separate;
    for (std::size_t run = 0; run < runs; ++run) {  // In turns, so that both meet the same machine.
        fused.measure(lazy);
        separate.measure(eager);
    }

    const auto print_row = [](const char* name, std::uint64_t a, std::uint64_t b) {
        std::printf("  %-24s %12ju %12ju %8.1f x\n", name, std::uintmax_t{a}, std::uintmax_t{b},
                    static_cast<double>(b) / static_cast<double>(a));
    };
    std::printf("  %-24s %12s %12s\n", "", "at once", "op by op");
    const double fused_time = fused.median_milliseconds();
    const double separate_time = separate.median_milliseconds();
    std::printf("  %-24s %12.3f %12.3f %8.1f x\n", "milliseconds (median)", fused_time,
                separate_time, separate_time / fused_time);
    print_row("kernel launches", fused.launches, separate.launches);
    print_row("buffers allocated", fused.buffers, separate.buffers);
    print_row("bytes allocated", fused.bytes, separate.bytes);
    std::printf("  The new parameters of the two differ by at most %.1e.\n",
                static_cast<double>(difference));
}

}  // namespace digits
