// oneDNN's side of the comparison.

#include <fmt/format.h>

#include "benchmarks/peers/native_cases/onednn/primitive_case.h"

namespace {

using namespace latent::peers;

/// The number of threads is OMP_NUM_THREADS.
void start(int /*threads*/) {
    const Layout layout = row_major({64, 64});
    const dnnl::memory matrix(layout, processor());
    const dnnl::matmul product({processor(), layout, layout, layout});
    dnnl::stream stream(processor());
    product.execute(stream, {{DNNL_ARG_SRC, matrix},
                             {DNNL_ARG_WEIGHTS, matrix},
                             {DNNL_ARG_DST, dnnl::memory(layout, processor())}});
    stream.wait();
}

nlohmann::json details() {
    const dnnl::version_t& version = *dnnl::version();
    return {{"version", fmt::format("{}.{}.{}", version.major, version.minor, version.patch)}};
}

}  // namespace

int main(int argc, char** argv) {
    Library library{.name = "onednn_cases", .cases = {}, .start = start, .details = details};
    add_onednn_products(library.cases);
    add_onednn_convolutions(library.cases);
    add_onednn_normalisations(library.cases);
    add_onednn_elementwise(library.cases);
    return run_program(library, argc, argv);
}
