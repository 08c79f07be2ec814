// Latent's side of the comparison with other libraries. SPEC.md says what the cases compute.

#include "benchmarks/peers/latent_cases/cases.h"
#include "benchmarks/peers/program/program.h"

namespace {

using namespace latent;
using namespace latent::peers;

std::vector<Tensor> evaluated(const Call& call) {
    std::vector<Tensor> results = call();
    eval(results);
    return results;
}

Elements elements(const Tensor& result) {
    if (is_floating(result.dtype())) {
        return result.to_vector<float>();
    }
    return result.to_vector<std::int64_t>();
}

LibraryCase library_case(const CaseMaker& make) {
    return {.prepare = [make](const conformance::TensorFile& file, const std::string&) {
        const Call call = make(Inputs(file));
        return PreparedCase{.call = [call] { evaluated(call); },
                            .results =
                                [call] {
                                    std::vector<Elements> results;
                                    for (const Tensor& result : evaluated(call)) {
                                        results.push_back(elements(result));
                                    }
                                    return results;
                                }};
    }};
}

void start(int threads) {
    set_num_threads(threads);
    const Tensor x = Tensor::from(std::vector<float>(64, 1.0F));
    grad(sum(x * 2 + 1), {x})[0].eval();
}

}  // namespace

int main(int argc, char** argv) {
    Library library{.name = "latent_cases", .cases = {}, .start = start, .details = [] {
                        return nlohmann::json{{"kernels_compiled", counters().kernels_compiled}};
                    }};
    for (const auto& [name, make] : all_cases()) {
        library.cases.emplace(name, library_case(make));
    }
    return run_program(library, argc, argv);
}
