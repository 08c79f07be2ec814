#include "tests/frontend/support.h"

using namespace latent;
using test::check_gradients;
using test::check_values;
using test::sample;

TEST_CASE("a transposed convolution is the gradient of a convolution with respect to its image") {
    struct Setting {
        Shape image, kernel;
        Sizes stride, padding, output_padding, dilation;
        std::int64_t groups;
    };
    const std::vector<Setting> settings{
        {{1, 4, 5, 6}, {6, 4, 3, 2}, 1, 0, 0, 1, 1},
        {{2, 4, 8, 7}, {6, 2, 3, 3}, {2, 1}, 1, {1, 0}, 1, 2},
        {{1, 3, 9, 9}, {3, 1, 2, 3}, 1, {0, 2}, 0, {3, 2}, 3},
        {{1, 2, 10, 10}, {3, 2, 2, 2}, 3, 0, 2, 1, 1},
    };
    for (const Setting& setting : settings) {
        const Tensor kernel = sample(setting.kernel, 2);
        const Tensor image = leaf(sample(setting.image));
        const Tensor result = conv2d(image, kernel,
                                     {.stride = setting.stride,
                                      .padding = setting.padding,
                                      .dilation = setting.dilation,
                                      .groups = setting.groups});
        const Tensor x = sample(result.shape(), 3);
        const Tensor transposed = conv_transpose2d(x, kernel,
                                                   {.stride = setting.stride,
                                                    .padding = setting.padding,
                                                    .output_padding = setting.output_padding,
                                                    .dilation = setting.dilation,
                                                    .groups = setting.groups});
        check_values(transposed, setting.image, test::values(vjp(result, {image}, x)[0]), 1e-9);
    }
}

TEST_CASE("transposed convolutions have one to three dimensions and gradients") {
    const Tensor x = Tensor::from({1.0, 2.0}, {1, 1, 2});
    const Tensor kernel = Tensor::from({1.0, 10.0, 100.0}, {1, 1, 3});
    check_values(conv_transpose1d(x, kernel, {.stride = 2}), {1, 1, 5}, {1, 10, 102, 20, 200});
    check_values(conv_transpose1d(x, kernel, {.padding = 1, .output_padding = 2}), {1, 1, 4},
                 {12, 120, 200, 0});
    check_values(conv_transpose3d(x.reshape({1, 1, 1, 1, 2}), kernel.reshape({1, 1, 1, 1, 3})),
                 {1, 1, 1, 1, 4}, {1, 12, 120, 200});
    check_gradients(
        [](const auto& in) {
            return conv_transpose1d(in[0], in[1], {.stride = 2, .padding = 1, .groups = 2});
        },
        {sample({1, 4, 3}), sample({4, 2, 3}, 2)});
}

TEST_CASE("unfold gives the columns that a product makes a convolution") {
    const Tensor x = sample({2, 3, 6, 5});
    const Tensor kernel = sample({4, 3, 2, 3}, 2);
    const Tensor columns =
        unfold(x, {.size = {2, 3}, .stride = {2, 1}, .padding = 1, .dilation = {2, 1}});
    const Tensor expected = conv2d(x, kernel, {.stride = {2, 1}, .padding = 1, .dilation = {2, 1}});
    check_values(matmul(kernel.reshape({4, 18}), columns).reshape(expected.shape()),
                 expected.shape(), test::values(expected), 1e-9);
}

TEST_CASE("interpolate repeats the nearest element or draws lines") {
    const Tensor x = Tensor::from({1.0, 2.0, 3.0}, {1, 1, 3});
    check_values(interpolate(x, 6), {1, 1, 6}, {1, 1, 2, 2, 3, 3});
    check_values(interpolate(x, 2), {1, 1, 2}, {1, 2});
    check_values(interpolate(x, 4), {1, 1, 4}, {1, 1, 2, 3});
    const InterpolationOptions linear{.mode = Interpolation::linear};
    check_values(interpolate(x, 6, linear), {1, 1, 6}, {1, 1.25, 1.75, 2.25, 2.75, 3});
    check_values(interpolate(x, 2, linear), {1, 1, 2}, {1.25, 2.75});
    const InterpolationOptions aligned{.mode = Interpolation::linear, .align_corners = true};
    check_values(interpolate(x, 5, aligned), {1, 1, 5}, {1, 1.5, 2, 2.5, 3});
    check_values(interpolate(x, 1, aligned), {1, 1, 1}, {1});
    const Tensor image = arange(4.0).reshape({1, 1, 2, 2});
    check_values(interpolate(image, {3, 3}, aligned), {1, 1, 3, 3},
                 {0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3});
    CHECK(interpolate(image.cast(DType::i32), {4, 2}).dtype() == DType::i32);
    check_gradients([&](const auto& in) { return interpolate(in[0], {5, 3}, linear); },
                    {sample({1, 2, 3, 2})});
}
