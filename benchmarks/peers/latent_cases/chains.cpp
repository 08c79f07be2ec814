#include "benchmarks/peers/latent_cases/cases.h"

namespace latent::peers {

namespace {

void add_chain(Registry& registry, const std::string& name, int additions) {
    registry[name] = [additions](const Inputs& in) -> Call {
        return [y = in["y"], a = in["a"], b = in["b"], additions] {
            Tensor sum = y;
            for (int i = 0; i < additions; i += 2) {
                sum = sum + a;
                sum = sum + b;
            }
            return std::vector{sum};
        };
    };
}

}  // namespace

void add_chains(Registry& registry) {
    add_chain(registry, "chain_1000", 1000);
    add_chain(registry, "chain_100k", 100'000);
    registry["mem_chain20"] = [](const Inputs& in) -> Call {
        return [x = in["x"]] {
            Tensor y = x;
            for (int i = 0; i < 4; ++i) {
                y = sqrt(maximum(y * 1.01 + 0.3, 0.1)) - 0.05;
            }
            return std::vector{y};
        };
    };
}

}  // namespace latent::peers
