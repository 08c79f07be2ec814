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

Tensor attended(const Call& call) {
    AttentionOptions options{.causal = call.flag("causal", false)};
    if (call.inputs().size() > 3) {
        options.mask = call.input(3);
    }
    if (call.has("scale")) {
        options.scale = call.number("scale");
    }
    return scaled_dot_product_attention(call.input(0), call.input(1), call.input(2), options);
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
        {"batch_norm", single([](const Call& call) {
             return batch_norm(call.input(0), {call.input(1), call.input(2)}, call.input(3),
                               call.input(4), call.number("eps", 1e-5));
         })},
        {"group_norm", single([](const Call& call) {
             return group_norm(call.input(0), call.integer("groups"), call.input(1), call.input(2),
                               call.number("eps", 1e-5));
         })},
        {"instance_norm", single([](const Call& call) {
             const double epsilon = call.number("eps", 1e-5);
             return call.inputs().size() == 1
                        ? instance_norm(call.input(0), epsilon)
                        : instance_norm(call.input(0), call.input(1), call.input(2), epsilon);
         })},
        {"cross_entropy", loss(cross_entropy)},
        {"binary_cross_entropy_with_logits", loss(binary_cross_entropy_with_logits)},
        {"mse_loss", loss(mse_loss)},
        {"l1_loss", loss(l1_loss)},
        {"huber_loss", single([](const Call& call) {
             return huber_loss(call.input(0), call.input(1), call.number("delta", 1),
                               reduction(call));
         })},
        {"smooth_l1_loss", single([](const Call& call) {
             return smooth_l1_loss(call.input(0), call.input(1), call.number("beta", 1),
                                   reduction(call));
         })},
        {"kl_div", loss(kl_div)},
        {"cosine_similarity", single([](const Call& call) {
             return cosine_similarity(call.input(0), call.input(1), call.axis(-1),
                                      call.number("eps", 1e-8));
         })},
        {"scaled_dot_product_attention", single(attended)},
    };
}

}  // namespace latent::conformance
