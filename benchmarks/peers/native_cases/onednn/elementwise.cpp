#include "benchmarks/peers/native_cases/onednn/primitive_case.h"

namespace latent::peers {

namespace {

/// gelu_tanh(x * 1.1 + 0.1): one after the other, since in one primitive AVX2 has no kernel for it.
LibraryCase scaled_gelu() {
    return {.prepare = [](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Layout layout = row_major(primitives.shape("x"));
        const dnnl::memory x = primitives.input("x", layout);
        const dnnl::memory y = primitives.result(layout);
        const auto add = [&](dnnl::algorithm algorithm, const dnnl::memory& from, float alpha,
                             float beta) {
            const dnnl::eltwise_forward::primitive_desc description(
                processor(), dnnl::prop_kind::forward_inference, algorithm, layout, layout, alpha,
                beta);
            primitives.add(dnnl::eltwise_forward(description),
                           {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, y}});
        };
        add(dnnl::algorithm::eltwise_linear, x, 1.1F, 0.1F);
        add(dnnl::algorithm::eltwise_gelu_tanh, y, 0, 0);
        return primitives.prepared();
    }};
}

LibraryCase addition() {
    return {.prepare = [](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Layout x = row_major(primitives.shape("x"));
        const dnnl::binary::primitive_desc description(processor(), dnnl::algorithm::binary_add, x,
                                                       x, x);
        primitives.add(dnnl::binary(description), {{DNNL_ARG_SRC_0, primitives.input("x", x)},
                                                   {DNNL_ARG_SRC_1, primitives.input("y", x)},
                                                   {DNNL_ARG_DST, primitives.result(x)}});
        return primitives.prepared();
    }};
}

LibraryCase sum_over(const std::vector<std::size_t>& axes) {
    return {.prepare = [=](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Layout x = row_major(primitives.shape("x"));
        Dims reduced = x.get_dims();
        for (const std::size_t axis : axes) {
            reduced[axis] = 1;
        }
        const dnnl::reduction::primitive_desc description(
            processor(), dnnl::algorithm::reduction_sum, x, row_major(reduced), 0, 0);
        primitives.add(dnnl::reduction(description),
                       {{DNNL_ARG_SRC, primitives.input("x", x)},
                        {DNNL_ARG_DST, primitives.result(row_major(reduced))}});
        return primitives.prepared();
    }};
}

}  // namespace

void add_onednn_elementwise(Cases& cases) {
    cases["ew_chain"] = scaled_gelu();
    cases["ew_add"] = addition();
    cases["ew_small"] = addition();
    cases["sum_all"] = sum_over({0});
    cases["sum_axis0"] = sum_over({0});
    cases["sum_axis1"] = sum_over({1});
}

}  // namespace latent::peers
