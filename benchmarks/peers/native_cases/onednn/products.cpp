#include "benchmarks/peers/native_cases/onednn/primitive_case.h"

namespace latent::peers {

namespace {

Layout transposed(const Dims& dims) {
    return {{dims[1], dims[0]}, dnnl::memory::data_type::f32, Dims{1, dims[1]}};
}

/// The product of two inputs, either of them transposed first.
LibraryCase product(bool transposes_a = false, bool transposes_b = false) {
    return {.prepare = [=](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Dims a = primitives.shape("a");
        const Dims b = primitives.shape("b");
        const Layout left = transposes_a ? transposed(a) : row_major(a);
        const Layout right = transposes_b ? transposed(b) : row_major(b);
        Dims product = left.get_dims();
        product.back() = right.get_dims().back();
        const dnnl::matmul::primitive_desc description(processor(), left, right,
                                                       row_major(product));
        primitives.add(dnnl::matmul(description),
                       {{DNNL_ARG_SRC, primitives.input("a", left)},
                        {DNNL_ARG_WEIGHTS, primitives.input("b", right)},
                        {DNNL_ARG_DST, primitives.result(row_major(product))}});
        return primitives.prepared();
    }};
}

LibraryCase matrix_vector_product() {
    return {.prepare = [](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Dims a = primitives.shape("a");
        const Layout column = row_major({a[1], 1});
        const Layout product = row_major({a[0], 1});
        const dnnl::matmul::primitive_desc description(processor(), row_major(a), column, product);
        primitives.add(dnnl::matmul(description),
                       {{DNNL_ARG_SRC, primitives.input("a", row_major(a))},
                        {DNNL_ARG_WEIGHTS, primitives.input("x", column)},
                        {DNNL_ARG_DST, primitives.result(product)}});
        return primitives.prepared();
    }};
}

LibraryCase product_with_bias_and_gelu() {
    return {.prepare = [](const conformance::TensorFile& file, const std::string&) {
        PrimitiveCase primitives(file, true);
        const Layout a = row_major(primitives.shape("a"));
        const Layout b = row_major(primitives.shape("b"));
        const Layout bias = row_major({1, b.get_dims()[1]});
        const Layout product = row_major({a.get_dims()[0], b.get_dims()[1]});
        dnnl::post_ops after;
        after.append_eltwise(dnnl::algorithm::eltwise_gelu_tanh, 0, 0);
        dnnl::primitive_attr attributes;
        attributes.set_post_ops(after);
        const dnnl::matmul::primitive_desc description(processor(), a, b, bias, product,
                                                       attributes);
        primitives.add(dnnl::matmul(description), {{DNNL_ARG_SRC, primitives.input("a", a)},
                                                   {DNNL_ARG_WEIGHTS, primitives.input("b", b)},
                                                   {DNNL_ARG_BIAS, primitives.input("c", bias)},
                                                   {DNNL_ARG_DST, primitives.result(product)}});
        return primitives.prepared();
    }};
}

}  // namespace

void add_onednn_products(Cases& cases) {
    for (const char* name :
         {"gemm_64", "gemm_128", "gemm_256", "gemm_512", "gemm_1000", "gemm_1024", "gemm_2048",
          "gemm_ragged", "gemm_1row", "gemm_8rows", "gemm_skinny", "gemm_batched"}) {
        cases[name] = product();
    }
    cases["gemm_tn"] = product(true, false);
    cases["gemm_nt"] = product(false, true);
    cases["gemv"] = matrix_vector_product();
    cases["gemm_bias_gelu"] = product_with_bias_and_gelu();
}

}  // namespace latent::peers
