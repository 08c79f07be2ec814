#include "tests/frontend/support.h"

using namespace latent;
using test::check_gradients;
using test::check_values;
using test::sample;

namespace {

/// The definition of a two-dimensional convolution, in loops.
struct NaiveConvolution {
    std::int64_t stride, padding, dilation, groups;

    std::vector<double> operator()(const Tensor& x, const Tensor& kernel) const {
        const auto [batch, channels, height, width] = extents(x);
        const auto [outputs, group_inputs, kernel_height, kernel_width] = extents(kernel);
        const auto positions = [&](std::int64_t extent, std::int64_t taps) {
            return (extent + 2 * padding - dilation * (taps - 1) - 1) / stride + 1;
        };
        const std::int64_t rows = positions(height, kernel_height);
        const std::int64_t columns = positions(width, kernel_width);
        const std::vector<double> image = test::values(x);
        const std::vector<double> weights = test::values(kernel);
        std::vector<double> result;
        for (std::int64_t n = 0; n < batch; ++n) {
            for (std::int64_t o = 0; o < outputs; ++o) {
                const std::int64_t first_input = o / (outputs / groups) * group_inputs;
                for (std::int64_t r = 0; r < rows; ++r) {
                    for (std::int64_t c = 0; c < columns; ++c) {
                        double sum = 0;
                        for (std::int64_t i = 0; i < group_inputs; ++i) {
                            for (std::int64_t u = 0; u < kernel_height; ++u) {
                                for (std::int64_t v = 0; v < kernel_width; ++v) {
                                    const std::int64_t y = r * stride + u * dilation - padding;
                                    const std::int64_t z = c * stride + v * dilation - padding;
                                    if (y < 0 || y >= height || z < 0 || z >= width) {
                                        continue;
                                    }
                                    sum += image[index({n, first_input + i, y, z}, x)] *
                                           weights[index({o, i, u, v}, kernel)];
                                }
                            }
                        }
                        result.push_back(sum);
                    }
                }
            }
        }
        return result;
    }

  private:
    static std::array<std::int64_t, 4> extents(const Tensor& x) {
        const Shape shape = x.shape();
        return {shape[0], shape[1], shape[2], shape[3]};
    }
    static std::size_t index(const std::array<std::int64_t, 4>& position, const Tensor& x) {
        const Shape shape = x.shape();
        std::int64_t offset = 0;
        for (std::size_t i = 0; i < 4; ++i) {
            offset = offset * shape[i] + position[i];
        }
        return static_cast<std::size_t>(offset);
    }
};

}  // namespace

TEST_CASE("conv2d agrees with loops over its definition") {
    const Tensor x = sample({2, 4, 7, 6});
    for (const auto& [stride, padding, dilation, groups] : {std::array{1, 0, 1, 1},
                                                            {1, 1, 1, 1},
                                                            {2, 1, 1, 1},
                                                            {1, 2, 2, 1},
                                                            {3, 0, 1, 2},
                                                            {1, 1, 1, 4},
                                                            {2, 2, 2, 2}}) {
        INFO("stride " << stride << ", padding " << padding << ", dilation " << dilation
                       << ", groups " << groups);
        const Tensor kernel = sample({8, 4 / groups, 3, 2}, 2);
        const ConvolutionOptions options{
            .stride = stride, .padding = padding, .dilation = dilation, .groups = groups};
        const Tensor y = conv2d(x, kernel, options);
        check_values(y, y.shape(), NaiveConvolution{stride, padding, dilation, groups}(x, kernel),
                     1e-12);
    }
}

TEST_CASE("convolutions read flipped, transposed and distant lines as they lie") {
    // Deep and wide enough for register tiles whose columns go on from line to line.
    const Tensor stored = sample({1, 16, 27, 27});
    const Tensor distant = sample({27, 16, 1, 27});
    const Tensor kernel = sample({7, 16, 3, 3});
    const auto agrees = [&](const Tensor& view) {
        const Tensor copy = Tensor::from(test::values(view), view.shape(), {.dtype = view.dtype()});
        CHECK(test::values(conv2d(view, kernel)) == test::values(conv2d(copy.eval(), kernel)));
    };
    agrees(flip(stored, 2));
    agrees(flip(stored, 3));
    agrees(permute(stored, {0, 1, 3, 2}));
    agrees(permute(distant, {2, 1, 0, 3}));
}

TEST_CASE("convolutions have gradients with respect to image and kernel") {
    for (const auto& options :
         {ConvolutionOptions{}, ConvolutionOptions{.stride = 2, .padding = 1},
          ConvolutionOptions{.padding = {0, 1}, .dilation = {1, 2}, .groups = 2}}) {
        const Tensor kernel = sample({2, 2 / options.groups, 2, 2}, 2);
        check_gradients([&](const auto& in) { return conv2d(in[0], in[1], options); },
                        {sample({1, 2, 4, 5}), kernel});
    }
}

TEST_CASE("conv1d and conv3d are conv2d with another number of dimensions") {
    const Tensor x = sample({2, 3, 9});
    const Tensor kernel = sample({4, 3, 3}, 2);
    check_values(conv1d(x, kernel, {.stride = 2, .padding = 1}), {2, 4, 5},
                 test::values(conv2d(x.expand_dims(2), kernel.expand_dims(2),
                                     {.stride = {1, 2}, .padding = {0, 1}})),
                 1e-12);
    const Tensor flat = sample({1, 2, 1, 5, 4});
    const Tensor flat_kernel = sample({3, 2, 1, 2, 3}, 2);
    check_values(conv3d(flat, flat_kernel), {1, 3, 1, 4, 2},
                 test::values(conv2d(flat.squeeze(2), flat_kernel.squeeze(2))), 1e-12);
}

TEST_CASE("pooling takes the maximum or the mean of each window") {
    const Tensor x = arange(16.0, {.dtype = DType::f64}).reshape({1, 1, 4, 4});
    check_values(max_pool2d(x), {1, 1, 2, 2}, {5, 7, 13, 15});
    check_values(avg_pool2d(x), {1, 1, 2, 2}, {2.5, 4.5, 10.5, 12.5});
    check_values(max_pool2d(x, {.size = 3}), {1, 1, 1, 1}, {10});
    check_values(max_pool2d(x, {.size = 3, .stride = 1}), {1, 1, 2, 2}, {10, 11, 14, 15});
    check_values(max_pool2d(-x, {.size = {3, 3}, .stride = 2, .padding = 1}), {1, 1, 2, 2},
                 {0, -1, -4, -5});
    check_values(avg_pool2d(x, {.size = 2, .stride = 2, .padding = 1}), {1, 1, 3, 3},
                 {0, 0.75, 0.75, 3, 7.5, 4.5, 3, 6.75, 3.75});
    check_values(avg_pool2d(x, {.size = 2, .stride = 2, .padding = 1, .count_padding = false}),
                 {1, 1, 3, 3}, {0, 1.5, 3, 6, 7.5, 9, 12, 13.5, 15});
    check_gradients(
        [](const auto& in) { return max_pool2d(in[0], {.size = 3, .stride = 2, .padding = 1}); },
        {sample({1, 2, 5, 4})});
    check_gradients([](const auto& in) { return avg_pool2d(in[0], {.size = 2}); },
                    {sample({1, 2, 5, 4})});
}
