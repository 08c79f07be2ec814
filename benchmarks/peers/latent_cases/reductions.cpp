#include "benchmarks/peers/latent_cases/cases.h"

namespace latent::peers {

void add_reductions(Registry& registry) {
    registry["sum_all"] = [](const Inputs& in) -> Call {
        return [x = in["x"]] { return std::vector{sum(x)}; };
    };
    registry["sum_axis0"] = [](const Inputs& in) -> Call {
        return [x = in["x"]] { return std::vector{sum(x, 0)}; };
    };
    registry["sum_axis1"] = [](const Inputs& in) -> Call {
        return [x = in["x"]] { return std::vector{sum(x, 1)}; };
    };
    registry["meanvar_axis1"] = [](const Inputs& in) -> Call {
        return [x = in["x"]] { return std::vector{mean(x, 1), var(x, {.axes = 1})}; };
    };
    registry["argmax_axis1"] = [](const Inputs& in) -> Call {
        return [x = in["x"]] { return std::vector{argmax(x, 1)}; };
    };
    registry["softmax"] = [](const Inputs& in) -> Call {
        return [x = in["x"]] { return std::vector{softmax(x)}; };
    };
    registry["softmax_bwd"] = [](const Inputs& in) -> Call {
        return [x = in["x"], g = in["g"]] { return vjp(softmax(x), {x}, g); };
    };
    registry["layernorm"] = [](const Inputs& in) -> Call {
        return [x = in["x"], gamma = in["gamma"], beta = in["beta"]] {
            return std::vector{layer_norm(x, gamma, beta)};
        };
    };
    registry["layernorm_bwd"] = [](const Inputs& in) -> Call {
        return [x = in["x"], gamma = in["gamma"], beta = in["beta"], g = in["g"]] {
            return vjp(layer_norm(x, gamma, beta), {x, gamma, beta}, g);
        };
    };
    registry["nll_loss_fb"] = [](const Inputs& in) -> Call {
        return [x = in["x"], y = in["y"]] {
            const Tensor loss = cross_entropy(x, y);
            return std::vector{loss, grad(loss, {x})[0]};
        };
    };
}

}  // namespace latent::peers
