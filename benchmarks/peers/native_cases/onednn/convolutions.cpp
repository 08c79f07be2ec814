#include "benchmarks/peers/native_cases/onednn/primitive_case.h"

namespace latent::peers {

namespace {

using dnnl::convolution_backward_data;
using dnnl::convolution_backward_weights;
using dnnl::convolution_forward;

/// "plain": NCHW tensors, and reorders to what oneDNN likes best and back in each call. "blocked":
/// tensors as oneDNN likes them best. "channels_last": NHWC tensors.
std::vector<std::string> layout_variants() {
    return {"plain", "blocked", "channels_last"};
}

Layout activation_layout(const Dims& dims, const std::string& variant) {
    return variant == "channels_last"
               ? Layout(dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::nhwc)
               : any_layout(dims);
}

/// The layouts of a convolution and how it moves.
struct Convolution {
    Convolution(const PrimitiveCase& primitives, std::int64_t stride, std::int64_t pad,
                const std::string& variant)
        : strides{stride, stride}, padding{pad, pad} {
        const Dims input = primitives.shape("x");
        Dims weights = primitives.shape("w");
        const auto extent = [&](std::size_t axis) {
            return (input[axis] + 2 * pad - weights[axis]) / stride + 1;
        };
        y = activation_layout({input[0], weights[0], extent(2), extent(3)}, variant);
        x = activation_layout(input, variant);
        const std::int64_t groups = input[1] / weights[1];
        if (groups > 1) {
            weights[0] /= groups;
            weights.insert(weights.begin(), groups);
        }
        w = any_layout(weights);
    }

    convolution_forward::primitive_desc forward(dnnl::prop_kind kind) const {
        return {processor(), kind,   dnnl::algorithm::convolution_auto, x, w, y, strides,
                padding,     padding};
    }

    Layout x, w, y;
    Dims strides, padding;
};

LibraryCase convolution(std::int64_t stride, std::int64_t pad) {
    return {
        .prepare =
            [=](const conformance::TensorFile& file, const std::string& variant) {
                PrimitiveCase primitives(file, variant == "plain");
                const auto forward = Convolution(primitives, stride, pad, variant)
                                         .forward(dnnl::prop_kind::forward_inference);
                primitives.add(
                    convolution_forward(forward),
                    {{DNNL_ARG_SRC, primitives.reordered_input("x", forward.src_desc())},
                     {DNNL_ARG_WEIGHTS, primitives.reordered_input("w", forward.weights_desc())},
                     {DNNL_ARG_DST, primitives.result(forward.dst_desc())}});
                return primitives.prepared();
            },
        .variants = layout_variants()};
}

LibraryCase convolution_gradients(std::int64_t stride, std::int64_t pad) {
    return {
        .prepare =
            [=](const conformance::TensorFile& file, const std::string& variant) {
                PrimitiveCase primitives(file, variant == "plain");
                const Convolution its(primitives, stride, pad, variant);
                const auto forward = its.forward(dnnl::prop_kind::forward_training);
                const convolution_backward_data::primitive_desc data(
                    processor(), dnnl::algorithm::convolution_auto, its.x, its.w, its.y,
                    its.strides, its.padding, its.padding, forward);
                primitives.add(
                    convolution_backward_data(data),
                    {{DNNL_ARG_DIFF_DST, primitives.reordered_input("g", data.diff_dst_desc())},
                     {DNNL_ARG_WEIGHTS, primitives.reordered_input("w", data.weights_desc())},
                     {DNNL_ARG_DIFF_SRC, primitives.result(data.diff_src_desc())}});
                const convolution_backward_weights::primitive_desc weights(
                    processor(), dnnl::algorithm::convolution_auto, its.x, its.w, its.y,
                    its.strides, its.padding, its.padding, forward);
                primitives.add(
                    convolution_backward_weights(weights),
                    {{DNNL_ARG_SRC, primitives.reordered_input("x", weights.src_desc())},
                     {DNNL_ARG_DIFF_DST, primitives.reordered_input("g", weights.diff_dst_desc())},
                     {DNNL_ARG_DIFF_WEIGHTS, primitives.result(weights.diff_weights_desc())}});
                return primitives.prepared();
            },
        .variants = layout_variants()};
}

/// Of 2x2 elements with stride 2, forward and backward.
LibraryCase max_pooling() {
    return {.prepare =
                [](const conformance::TensorFile& file, const std::string& variant) {
                    PrimitiveCase primitives(file, variant == "plain");
                    const bool channels_last = variant == "channels_last";
                    const auto layout = [&](const std::string& name) {
                        const Dims dims = primitives.shape(name);
                        return channels_last ? activation_layout(dims, variant) : row_major(dims);
                    };
                    const Layout x = layout("x");
                    const Layout y = layout("g");
                    const Dims two{2, 2};
                    const Dims zero{0, 0};
                    const dnnl::pooling_forward::primitive_desc forward(
                        processor(), dnnl::prop_kind::forward_training,
                        dnnl::algorithm::pooling_max, x, y, two, two, zero, zero, zero);
                    const dnnl::pooling_backward::primitive_desc backward(
                        processor(), dnnl::algorithm::pooling_max, x, y, two, two, zero, zero, zero,
                        forward);
                    const dnnl::memory workspace(forward.workspace_desc(), processor());
                    primitives.add(dnnl::pooling_forward(forward),
                                   {{DNNL_ARG_SRC, primitives.reordered_input("x", x)},
                                    {DNNL_ARG_DST, primitives.result(y)},
                                    {DNNL_ARG_WORKSPACE, workspace}});
                    primitives.add(dnnl::pooling_backward(backward),
                                   {{DNNL_ARG_DIFF_DST, primitives.reordered_input("g", y)},
                                    {DNNL_ARG_WORKSPACE, workspace},
                                    {DNNL_ARG_DIFF_SRC, primitives.result(x)}});
                    return primitives.prepared();
                },
            .variants = {"plain", "channels_last"}};
}

}  // namespace

void add_onednn_convolutions(Cases& cases) {
    const auto add = [&](const std::string& name, std::int64_t stride, std::int64_t pad) {
        cases[name] = convolution(stride, pad);
        cases[name + "_bwd"] = convolution_gradients(stride, pad);
    };
    add("conv3x3", 1, 1);
    add("conv1x1", 1, 0);
    add("conv7x7s2", 2, 3);
    add("dwconv3x3", 1, 1);
    cases["maxpool2x2_fb"] = max_pooling();
}

}  // namespace latent::peers
