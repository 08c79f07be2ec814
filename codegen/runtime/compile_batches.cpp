#include "codegen/runtime/compile_batches.h"

#include <algorithm>
#include <numeric>

namespace latent::codegen::runtime {
namespace {

/// Of what is left, for each of several threads. (Of 38 kernels of a small GPT, 21 of a
/// convolutional network and 11 of an MLP, whose times were measured one by one, two threads end
/// soonest with it, or nearly so: 0.8 takes 1 to 2 % longer.)
constexpr double share = 0.9;

/// A batch of this effort saves nearly all that there is to save, and one that is larger takes more
/// memory.
constexpr double largest = 1000;

}  // namespace

std::vector<std::size_t> compile_batches(std::span<const double> efforts, std::size_t threads) {
    if (efforts.size() <= threads) {
        return std::vector<std::size_t>(efforts.size(), 1);
    }
    const double part = threads > 1 ? share / static_cast<double>(threads) : 1;
    std::vector<std::size_t> batches;
    double left = std::accumulate(efforts.begin(), efforts.end(), 0.0);
    while (!efforts.empty()) {
        const double wanted = std::min(left * part, largest);
        std::size_t size = 1;
        double effort = efforts.front();
        while (size < efforts.size() && effort + efforts[size] <= wanted) {
            effort += efforts[size++];
        }
        batches.push_back(size);
        left -= effort;
        efforts = efforts.subspan(size);
    }
    return batches;
}

}  // namespace latent::codegen::runtime
