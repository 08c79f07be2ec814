// OpenBLAS's side of the comparison: the products.

#include <cblas.h>

#include "benchmarks/peers/native_cases/native_case.h"

namespace {

using namespace latent::peers;

/// Row-major, c = op(a) op(b); the leading dimensions are those of whole rows.
void multiply(const Array& a, CBLAS_TRANSPOSE transpose_a, const Array& b,
              CBLAS_TRANSPOSE transpose_b, const Array& c) {
    const int k = transpose_a == CblasTrans ? a.extent(0) : a.extent(1);
    cblas_sgemm(CblasRowMajor, transpose_a, transpose_b, c.extent(0), c.extent(1), k, 1.0F,
                a.data(), a.extent(1), b.data(), b.extent(1), 0.0F, c.data(), c.extent(1));
}

LibraryCase product(CBLAS_TRANSPOSE transpose_a = CblasNoTrans,
                    CBLAS_TRANSPOSE transpose_b = CblasNoTrans) {
    return library_case({.inputs = {"a", "b"},
                         .shapes =
                             [=](const Arrays& in) {
                                 return Shapes{{in[0]->shape()[transpose_a == CblasTrans ? 1 : 0],
                                                in[1]->shape()[transpose_b == CblasTrans ? 0 : 1]}};
                             },
                         .compute =
                             [=](const Arrays& in, const Arrays& out) {
                                 multiply(*in[0], transpose_a, *in[1], transpose_b, *out[0]);
                             }});
}

/// One after the other: this version has no batched product.
LibraryCase batched_product() {
    return library_case(
        {.inputs = {"a", "b"},
         .shapes =
             [](const Arrays& in) {
                 return Shapes{{in[0]->shape()[0], in[0]->shape()[1], in[1]->shape()[2]}};
             },
         .compute =
             [](const Arrays& in, const Arrays& out) {
                 const int m = in[0]->extent(1);
                 const int k = in[0]->extent(2);
                 const int n = in[1]->extent(2);
                 for (std::ptrdiff_t i = 0; i < in[0]->extent(0); ++i) {
                     cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0F,
                                 in[0]->data() + i * m * k, k, in[1]->data() + i * k * n, n, 0.0F,
                                 out[0]->data() + i * m * n, n);
                 }
             }});
}

LibraryCase matrix_vector_product() {
    return library_case({.inputs = {"a", "x"},
                         .shapes = [](const Arrays& in) { return Shapes{{in[0]->shape()[0]}}; },
                         .compute =
                             [](const Arrays& in, const Arrays& out) {
                                 const Array& a = *in[0];
                                 cblas_sgemv(CblasRowMajor, CblasNoTrans, a.extent(0), a.extent(1),
                                             1.0F, a.data(), a.extent(1), in[1]->data(), 1, 0.0F,
                                             out[0]->data(), 1);
                             }});
}

void start(int threads) {
    openblas_set_num_threads(threads);
    const Array ones({64, 64});
    std::fill_n(ones.data(), ones.size(), 1.0F);
    multiply(ones, CblasNoTrans, ones, CblasNoTrans, Array({64, 64}));
}

}  // namespace

int main(int argc, char** argv) {
    Library library{.name = "openblas_cases", .cases = {}, .start = start, .details = [] {
                        return nlohmann::json{{"version", openblas_get_config()}};
                    }};
    for (const char* name :
         {"gemm_64", "gemm_128", "gemm_256", "gemm_512", "gemm_1000", "gemm_1024", "gemm_2048",
          "gemm_ragged", "gemm_1row", "gemm_8rows", "gemm_skinny"}) {
        library.cases[name] = product();
    }
    library.cases["gemm_tn"] = product(CblasTrans, CblasNoTrans);
    library.cases["gemm_nt"] = product(CblasNoTrans, CblasTrans);
    library.cases["gemm_batched"] = batched_product();
    library.cases["gemv"] = matrix_vector_product();
    return run_program(library, argc, argv);
}
