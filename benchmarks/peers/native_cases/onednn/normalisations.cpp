#include "benchmarks/peers/native_cases/onednn/primitive_case.h"

namespace latent::peers {

namespace {

using dnnl::layer_normalization_backward;
using dnnl::layer_normalization_forward;
using dnnl::softmax_backward;
using dnnl::softmax_forward;

constexpr float epsilon = 1e-5F;

dnnl::normalization_flags scale_and_shift() {
    return dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
}

LibraryCase softmax(bool with_gradient) {
    return {.prepare = [=](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Layout rows = row_major(primitives.shape("x"));
        const softmax_forward::primitive_desc forward(
            processor(), dnnl::prop_kind::forward_training, dnnl::algorithm::softmax_accurate, rows,
            rows, 1);
        const dnnl::memory y =
            with_gradient ? dnnl::memory(rows, processor()) : primitives.result(rows);
        primitives.add(softmax_forward(forward),
                       {{DNNL_ARG_SRC, primitives.input("x", rows)}, {DNNL_ARG_DST, y}});
        if (with_gradient) {
            const softmax_backward::primitive_desc backward(
                processor(), dnnl::algorithm::softmax_accurate, rows, rows, rows, 1, forward);
            primitives.add(softmax_backward(backward),
                           {{DNNL_ARG_DST, y},
                            {DNNL_ARG_DIFF_DST, primitives.input("g", rows)},
                            {DNNL_ARG_DIFF_SRC, primitives.result(rows)}});
        }
        return primitives.prepared();
    }};
}

LibraryCase layer_normalisation() {
    return {.prepare = [](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Layout rows = row_major(primitives.shape("x"));
        const Layout row = row_major(primitives.shape("gamma"));
        const layer_normalization_forward::primitive_desc forward(
            processor(), dnnl::prop_kind::forward_inference, rows, rows, epsilon,
            scale_and_shift());
        primitives.add(layer_normalization_forward(forward),
                       {{DNNL_ARG_SRC, primitives.input("x", rows)},
                        {DNNL_ARG_SCALE, primitives.input("gamma", row)},
                        {DNNL_ARG_SHIFT, primitives.input("beta", row)},
                        {DNNL_ARG_DST, primitives.result(rows)}});
        return primitives.prepared();
    }};
}

LibraryCase layer_normalisation_gradients() {
    return {.prepare = [](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Layout rows = row_major(primitives.shape("x"));
        const Layout row = row_major(primitives.shape("gamma"));
        const layer_normalization_forward::primitive_desc forward(
            processor(), dnnl::prop_kind::forward_training, rows, rows, epsilon, scale_and_shift());
        const dnnl::memory mean(forward.mean_desc(), processor());
        const dnnl::memory variance(forward.variance_desc(), processor());
        const dnnl::memory x = primitives.input("x", rows);
        const dnnl::memory gamma = primitives.input("gamma", row);
        const dnnl::memory beta = primitives.input("beta", row);
        primitives.add(layer_normalization_forward(forward),
                       {{DNNL_ARG_SRC, x},
                        {DNNL_ARG_SCALE, gamma},
                        {DNNL_ARG_SHIFT, beta},
                        {DNNL_ARG_MEAN, mean},
                        {DNNL_ARG_VARIANCE, variance},
                        {DNNL_ARG_DST, dnnl::memory(rows, processor())}});
        const layer_normalization_backward::primitive_desc backward(
            processor(), dnnl::prop_kind::backward, rows, rows, rows, epsilon, scale_and_shift(),
            forward);
        const dnnl::memory dx = primitives.result(rows);
        const dnnl::memory dgamma = primitives.result(row);
        const dnnl::memory dbeta = primitives.result(row);
        primitives.add(layer_normalization_backward(backward),
                       {{DNNL_ARG_SRC, x},
                        {DNNL_ARG_SCALE, gamma},
                        {DNNL_ARG_SHIFT, beta},
                        {DNNL_ARG_MEAN, mean},
                        {DNNL_ARG_VARIANCE, variance},
                        {DNNL_ARG_DIFF_DST, primitives.input("g", rows)},
                        {DNNL_ARG_DIFF_SRC, dx},
                        {DNNL_ARG_DIFF_SCALE, dgamma},
                        {DNNL_ARG_DIFF_SHIFT, dbeta}});
        return primitives.prepared();
    }};
}

}  // namespace

void add_onednn_normalisations(Cases& cases) {
    cases["softmax"] = softmax(false);
    cases["softmax_bwd"] = softmax(true);
    cases["layernorm"] = layer_normalisation();
    cases["layernorm_bwd"] = layer_normalisation_gradients();
}

}  // namespace latent::peers
