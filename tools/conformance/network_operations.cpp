#include <latent/nn.h>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

/// The library normalises the last axis.
void require_last_axis(const Call& call) {
    const int axis = call.axis(-1);
    if (axis != -1 && axis != call.input(0).rank() - 1) {
        throw Unsupported("an axis that is not the last");
    }
}

Reduction reduction(const Call& call) {
    const std::string name = call.text("reduction", "mean");
    if (name == "none") {
        return Reduction::none;
    }
    if (name == "mean") {
        return Reduction::mean;
    }
    if (name == "sum") {
        return Reduction::sum;
    }
    throw Unsupported("reduction: " + name);
}

/// Of two tensors, to the losses of examples.
Operation loss(Tensor (*function)(const Tensor&, const Tensor&, Reduction, std::source_location)) {
    return single([function](const Call& call) {
        return function(call.input(0), call.input(1), reduction(call),
                        std::source_location::current());
    });
}

}  // namespace

Operations network_operations() {
    return {
        {"layer_norm", single([](const Call& call) {
             require_last_axis(call);
             return layer_norm(call.input(0), call.input(1), call.input(2),
                               call.number("eps", 1e-5));
         })},
        {"rms_norm", single([](const Call& call) {
             require_last_axis(call);
             return rms_norm(call.input(0), call.input(1), call.number("eps", 1e-5));
         })},
        {"cross_entropy", loss(cross_entropy)},
        {"mse_loss", loss(mse_loss)},
    };
}

}  // namespace latent::conformance
