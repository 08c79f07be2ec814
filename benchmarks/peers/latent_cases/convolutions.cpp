#include "benchmarks/peers/latent_cases/cases.h"

namespace latent::peers {

namespace {

void add_convolution(Registry& registry, const std::string& name,
                     const ConvolutionOptions& options) {
    registry[name] = [options](const Inputs& in) -> Call {
        return [x = in["x"], w = in["w"], options] { return std::vector{conv2d(x, w, options)}; };
    };
    registry[name + "_bwd"] = [options](const Inputs& in) -> Call {
        return [x = in["x"], w = in["w"], g = in["g"], options] {
            return vjp(conv2d(x, w, options), {x, w}, g);
        };
    };
}

}  // namespace

void add_convolutions(Registry& registry) {
    add_convolution(registry, "conv3x3", {.padding = 1});
    add_convolution(registry, "conv1x1", {});
    add_convolution(registry, "conv7x7s2", {.stride = 2, .padding = 3});
    add_convolution(registry, "dwconv3x3", {.padding = 1, .groups = 128});
    registry["maxpool2x2_fb"] = [](const Inputs& in) -> Call {
        return [x = in["x"], g = in["g"]] {
            const Tensor y = max_pool2d(x);
            return std::vector{y, vjp(y, {x}, g)[0]};
        };
    };
    registry["resblock_fwd"] = [](const Inputs& in) -> Call {
        struct Half {
            Tensor w, gamma, beta, mean, variance;
            Tensor operator()(const Tensor& x) const {
                return batch_norm(conv2d(x, w, {.padding = 1}), {mean, variance}, gamma, beta);
            }
        };
        const auto half = [&](const std::string& i) {
            return Half{in["w" + i], in["g" + i], in["b" + i], in["mu" + i], in["var" + i]};
        };
        return [x = in["x"], first = half("1"), second = half("2")] {
            return std::vector{relu(second(relu(first(x))) + x)};
        };
    };
}

}  // namespace latent::peers
