#include <latent/convolution.h>
#include <latent/linalg.h>

#include "tools/conformance/operations.h"

namespace latent::conformance {

namespace {

Sizes sizes(const Call& call, std::string_view name, std::int64_t fallback) {
    return call.integers(name, {fallback});
}

ConvolutionOptions convolution_options(const Call& call) {
    return {.stride = sizes(call, "stride", 1),
            .padding = sizes(call, "padding", 0),
            .dilation = sizes(call, "dilation", 1),
            .groups = call.integer("groups", 1)};
}

Operation convolution(Tensor (*function)(const Tensor&, const Tensor&, const ConvolutionOptions&,
                                         std::source_location)) {
    return single([function](const Call& call) {
        return function(call.input(0), call.input(1), convolution_options(call),
                        std::source_location::current());
    });
}

Operation transposed_convolution(Tensor (*function)(const Tensor&, const Tensor&,
                                                    const TransposedConvolutionOptions&,
                                                    std::source_location)) {
    return single([function](const Call& call) {
        const TransposedConvolutionOptions options{
            .stride = sizes(call, "stride", 1),
            .padding = sizes(call, "padding", 0),
            .output_padding = sizes(call, "output_padding", 0),
            .dilation = sizes(call, "dilation", 1),
            .groups = call.integer("groups", 1)};
        return function(call.input(0), call.input(1), options, std::source_location::current());
    });
}

PoolingOptions pooling_options(const Call& call) {
    PoolingOptions options{.size = call.integers("kernel"), .padding = sizes(call, "padding", 0)};
    if (call.has("stride")) {
        options.stride = call.integers("stride");
    }
    options.count_padding = call.flag("count_include_pad", true);
    return options;
}

/// Over so many axes, or over those that two lists pair.
Tensor tensordot_of(const Call& call) {
    if (call.is_list("axes")) {
        const std::vector<std::vector<std::int64_t>> axes = call.lists("axes");
        return tensordot(call.input(0), call.input(1), axes.at(0), axes.at(1));
    }
    return tensordot(call.input(0), call.input(1), static_cast<int>(call.integer("axes", 2)));
}

}  // namespace

Operations product_operations() {
    return {
        {"matmul", single([](const Call& call) { return matmul(call.input(0), call.input(1)); })},
        {"einsum",
         single([](const Call& call) { return einsum(call.text("spec", ""), call.inputs()); })},
        {"outer", single([](const Call& call) { return outer(call.input(0), call.input(1)); })},
        {"tensordot", single(tensordot_of)},
        {"conv1d", convolution(conv1d)},
        {"conv2d", convolution(conv2d)},
        {"conv3d", convolution(conv3d)},
        {"conv_transpose1d", transposed_convolution(conv_transpose1d)},
        {"conv_transpose2d", transposed_convolution(conv_transpose2d)},
        {"conv_transpose3d", transposed_convolution(conv_transpose3d)},
        {"max_pool2d",
         single([](const Call& call) { return max_pool2d(call.input(0), pooling_options(call)); })},
        {"avg_pool2d",
         single([](const Call& call) { return avg_pool2d(call.input(0), pooling_options(call)); })},
    };
}

}  // namespace latent::conformance
