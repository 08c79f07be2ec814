#include "benchmarks/peers/latent_cases/cases.h"

namespace latent::peers {

void add_products(Registry& registry) {
    for (const char* name :
         {"gemm_64", "gemm_128", "gemm_256", "gemm_512", "gemm_1024", "gemm_2048", "gemm_1000",
          "gemm_ragged", "gemm_1row", "gemm_8rows", "gemm_skinny", "gemm_batched"}) {
        registry[name] = [](const Inputs& in) -> Call {
            return [a = in["a"], b = in["b"]] { return std::vector{matmul(a, b)}; };
        };
    }
    registry["gemm_tn"] = [](const Inputs& in) -> Call {
        return [a = in["a"], b = in["b"]] { return std::vector{matmul(a.transpose(), b)}; };
    };
    registry["gemm_nt"] = [](const Inputs& in) -> Call {
        return [a = in["a"], b = in["b"]] { return std::vector{matmul(a, b.transpose())}; };
    };
    registry["gemv"] = [](const Inputs& in) -> Call {
        return [a = in["a"], x = in["x"]] { return std::vector{matmul(a, x)}; };
    };
    registry["gemm_bias_gelu"] = [](const Inputs& in) -> Call {
        return [a = in["a"], b = in["b"], c = in["c"]] {
            return std::vector{gelu(matmul(a, b) + c, Gelu::tanh)};
        };
    };
    registry["attention"] = [](const Inputs& in) -> Call {
        return [q = in["q"], k = in["k"], v = in["v"]] {
            return std::vector{scaled_dot_product_attention(q, k, v, {.causal = true})};
        };
    };
    registry["attention_full"] = [](const Inputs& in) -> Call {
        return [q = in["q"], k = in["k"], v = in["v"]] {
            return std::vector{scaled_dot_product_attention(q, k, v)};
        };
    };
    registry["attention_bwd"] = [](const Inputs& in) -> Call {
        return [q = in["q"], k = in["k"], v = in["v"], g = in["g"]] {
            return vjp(scaled_dot_product_attention(q, k, v, {.causal = true}), {q, k, v}, g);
        };
    };
}

}  // namespace latent::peers
