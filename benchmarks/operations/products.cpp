#include <string>

#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

namespace {

Case product(const std::string& variant, const Shape& a, const Shape& b, DType dtype = DType::f32) {
    return {"matmul/" + variant,
            {normal_numbers(a, dtype), normal_numbers(b, dtype)},
            of([](const Tensor& x, const Tensor& y) { return matmul(x, y); }),
            with_gradient};
}

Case sum_of_products(const std::string& subscripts, const std::vector<Shape>& shapes) {
    std::vector<Input> inputs;
    for (const Shape& shape : shapes) {
        inputs.push_back(normal_numbers(shape));
    }
    return {"einsum/" + subscripts, inputs,
            [subscripts](const std::vector<Tensor>& x) -> std::vector<Tensor> {
                return {einsum(subscripts, x)};
            },
            with_gradient};
}

Case convolution(const std::string& name, const Shape& x, const Shape& kernel,
                 const ConvolutionOptions& options = {}) {
    const auto function = x.size() == 3 ? conv1d : x.size() == 4 ? conv2d : conv3d;
    return {name,
            {normal_numbers(x), normal_numbers(kernel)},
            of([function, options](const Tensor& image, const Tensor& weight) {
                return function(image, weight, options, std::source_location::current());
            }),
            with_gradient};
}

Case pooling(const std::string& name,
             Tensor (*function)(const Tensor&, const PoolingOptions&, std::source_location),
             const PoolingOptions& options) {
    return {name,
            {normal_numbers({16, 16, 64, 64})},
            of([function, options](const Tensor& x) {
                return function(x, options, std::source_location::current());
            }),
            with_gradient};
}

Case attention(const std::string& variant, bool causal) {
    const Input heads = normal_numbers({2, 8, 256, 64});
    return {"scaled_dot_product_attention/" + variant,
            {heads, heads, heads},
            of([causal](const Tensor& query, const Tensor& key, const Tensor& value) {
                return scaled_dot_product_attention(query, key, value, {.causal = causal});
            }),
            with_gradient};
}

}  // namespace

Cases product_cases() {
    const PoolingOptions overlapping{.size = 3, .stride = 2, .padding = 1};
    const Input vector = normal_numbers({1024});
    return {
        product("512", {512, 512}, {512, 512}),
        product("f64", {512, 512}, {512, 512}, DType::f64),
        product("vector", {1024, 1024}, {1024}),
        product("vector on the left", {1024}, {1024, 1024}),
        product("one column", {1024, 1024}, {1024, 1}),
        product("one term", {1024, 1}, {1, 1024}),
        product("batch of one row", {64, 1, 64}, {64, 64, 512}),
        product("batch of 64", {64, 64, 64}, {64, 64, 64}),
        product("batch of 4x4", {1 << 16, 4, 4}, {1 << 16, 4, 4}),
        product("tall", {1 << 16, 16}, {16, 16}),
        sum_of_products("ij->ji", {{1024, 1024}}),
        sum_of_products("ii->i", {{1024, 1024}}),
        sum_of_products("ij->", {{1024, 1024}}),
        sum_of_products("ab,ab->a", {{1024, 1024}, {1024, 1024}}),
        sum_of_products("bij,bkj->bik", {{64, 64, 64}, {64, 64, 64}}),
        sum_of_products("bhid,bhjd->bhij", {{4, 8, 128, 64}, {4, 8, 128, 64}}),
        sum_of_products("bhij,bjhd->bihd", {{4, 8, 128, 128}, {4, 128, 8, 64}}),
        sum_of_products("ij,jk,kl->il", {{256, 256}, {256, 256}, {256, 256}}),
        {"outer",
         {vector, vector},
         of([](const Tensor& a, const Tensor& b) { return outer(a, b); }),
         with_gradient},
        {"tensordot",
         {normal_numbers({64, 32, 32}), normal_numbers({32, 32, 64})},
         of([](const Tensor& a, const Tensor& b) { return tensordot(a, b, 2); }),
         with_gradient},
        convolution("conv1d", {16, 64, 1024}, {64, 64, 5}, {.padding = 2}),
        convolution("conv1d/1 channel", {16, 1, 16384}, {32, 1, 9}, {.padding = 4}),
        convolution("conv2d/3x3", {8, 64, 32, 32}, {64, 64, 3, 3}, {.padding = 1}),
        convolution("conv2d/1x1", {8, 64, 32, 32}, {128, 64, 1, 1}),
        convolution("conv2d/7x7 stride 2", {4, 3, 128, 128}, {32, 3, 7, 7},
                    {.stride = 2, .padding = 3}),
        convolution("conv2d/3 channels", {8, 3, 96, 96}, {32, 3, 3, 3}, {.padding = 1}),
        convolution("conv2d/1 channel", {64, 1, 28, 28}, {8, 1, 5, 5}, {.padding = 2}),
        convolution("conv2d/3x3 stride 2", {8, 64, 32, 32}, {128, 64, 3, 3},
                    {.stride = 2, .padding = 1}),
        convolution("conv2d/1x1 stride 2", {8, 64, 56, 56}, {128, 64, 1, 1}, {.stride = 2}),
        convolution("conv2d/dilated", {8, 64, 32, 32}, {64, 64, 3, 3},
                    {.padding = 2, .dilation = 2}),
        convolution("conv2d/4 groups", {8, 64, 32, 32}, {64, 16, 3, 3},
                    {.padding = 1, .groups = 4}),
        convolution("conv2d/one image", {1, 128, 28, 28}, {128, 128, 3, 3}, {.padding = 1}),
        convolution("conv2d/small images", {32, 256, 8, 8}, {256, 256, 3, 3}, {.padding = 1}),
        convolution("conv2d/patches", {8, 3, 224, 224}, {192, 3, 16, 16}, {.stride = 16}),
        convolution("conv2d/depthwise", {8, 64, 32, 32}, {64, 1, 3, 3},
                    {.padding = 1, .groups = 64}),
        convolution("conv3d", {2, 16, 16, 16, 16}, {32, 16, 3, 3, 3}, {.padding = 1}),
        {"conv_transpose2d",
         {normal_numbers({8, 64, 16, 16}), normal_numbers({64, 32, 4, 4})},
         of([](const Tensor& x, const Tensor& kernel) {
             return conv_transpose2d(x, kernel, {.stride = 2, .padding = 1});
         }),
         with_gradient},
        pooling("max_pool2d/2x2", max_pool2d, {}),
        pooling("max_pool2d/3x3 stride 2", max_pool2d, overlapping),
        pooling("avg_pool2d/2x2", avg_pool2d, {}),
        pooling("avg_pool2d/3x3 stride 2", avg_pool2d, overlapping),
        attention("full", false),
        attention("causal", true),
    };
}

}  // namespace latent::benchmarks
