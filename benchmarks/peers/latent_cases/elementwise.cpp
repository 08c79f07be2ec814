#include "benchmarks/peers/latent_cases/cases.h"

namespace latent::peers {

void add_elementwise(Registry& registry) {
    registry["ew_chain"] = [](const Inputs& in) -> Call {
        return [x = in["x"]] { return std::vector{gelu(x * 1.1 + 0.1, Gelu::tanh)}; };
    };
    for (const char* name : {"ew_add", "ew_small"}) {
        registry[name] = [](const Inputs& in) -> Call {
            return [x = in["x"], y = in["y"]] { return std::vector{x + y}; };
        };
    }
    registry["ew_bcast"] = [](const Inputs& in) -> Call {
        return [x = in["x"], b = in["b"]] { return std::vector{relu(x + b) * 2}; };
    };
}

}  // namespace latent::peers
