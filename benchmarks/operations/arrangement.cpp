#include "benchmarks/operations/cases.h"

namespace latent::benchmarks {

Cases arrangement_cases() {
    const Input vector = normal_numbers({million});
    const Input matrix = normal_numbers({1024, 1024});
    const Input half = normal_numbers({1024, 512});
    const Input images = normal_numbers({32, 32, 32, 32});
    const Input bytes = booleans({1024, 1024});
    const auto triangle = [](auto function) {
        return of([function](const Tensor& x) { return function(x, 0, {}); });
    };
    const auto joined = [](auto function, int axis) {
        return of([function, axis](const Tensor& a, const Tensor& b) {
            return function({a, b}, axis, std::source_location::current());
        });
    };
    const auto flipped = [](const Axes& axes) {
        return of([axes](const Tensor& x) { return flip(x, axes); });
    };
    const auto rolled = [](int axis) {
        return of([axis](const Tensor& x) { return roll(x, 100, axis); });
    };
    const auto padded = [](auto how) {
        return of([how](const Tensor& x) { return pad(x, {{8, 8}, {8, 8}}, how); });
    };
    return {
        {"reshape",
         {vector},
         of([](const Tensor& x) { return x.reshape({1024, 1024}); }),
         with_gradient},
        {"permute/transposed",
         {matrix},
         of([](const Tensor& x) { return x.permute({1, 0}); }),
         with_gradient},
        {"permute/transposed bool", {bytes}, of([](const Tensor& x) { return x.permute({1, 0}); })},
        {"permute/channels last",
         {images},
         of([](const Tensor& x) { return x.permute({0, 2, 3, 1}); }),
         with_gradient},
        {"swapaxes/outer two",
         {normal_numbers({64, 128, 128})},
         of([](const Tensor& x) { return swapaxes(x, 0, 1); }),
         with_gradient},
        {"swapaxes/first and last",
         {normal_numbers({64, 128, 128})},
         of([](const Tensor& x) { return swapaxes(x, 0, 2); }),
         with_gradient},
        {"broadcast_to/rows",
         {normal_numbers({1024})},
         of([](const Tensor& x) { return x.broadcast_to({1024, 1024}); }),
         with_gradient},
        {"broadcast_to/columns",
         {normal_numbers({1024, 1})},
         of([](const Tensor& x) { return x.broadcast_to({1024, 1024}); }),
         with_gradient},
        {"expand_dims",
         {matrix},
         of([](const Tensor& x) { return x.expand_dims(1); }),
         with_gradient},
        {"squeeze",
         {normal_numbers({1024, 1, 1024})},
         of([](const Tensor& x) { return x.squeeze(1); }),
         with_gradient},
        {"flip/rows", {matrix}, flipped(0), with_gradient},
        {"flip/columns", {matrix}, flipped(1), with_gradient},
        {"roll/rows", {matrix}, rolled(0), with_gradient},
        {"roll/columns", {matrix}, rolled(1), with_gradient},
        {"concat/rows", {half, half}, joined(concat, 0), with_gradient},
        {"concat/columns", {half, half}, joined(concat, 1), with_gradient},
        {"stack/first axis", {half, half}, joined(stack, 0), with_gradient},
        {"stack/last axis", {half, half}, joined(stack, 2), with_gradient},
        {"split/columns",
         {matrix},
         of([](const Tensor& x) { return split(x, 4, 1); }),
         with_gradient},
        {"slice/block",
         {normal_numbers({2048, 2048})},
         of([](const Tensor& x) { return slice(slice(x, 0, 100, 1124), 1, 100, 1124); }),
         with_gradient},
        {"slice/every second column",
         {normal_numbers({1024, 2048})},
         of([](const Tensor& x) { return slice(x, 1, 0, 2048, 2); }),
         with_gradient},
        {"pad/constant", {matrix}, padded(Number(1.5)), with_gradient},
        {"pad/reflect", {matrix}, padded(PadMode::reflect), with_gradient},
        {"pad/edge", {matrix}, padded(PadMode::edge), with_gradient},
        {"tile",
         {normal_numbers({512, 512})},
         of([](const Tensor& x) { return tile(x, {2, 2}); }),
         with_gradient},
        {"repeat/rows",
         {normal_numbers({256, 1024})},
         of([](const Tensor& x) { return repeat(x, 4, 0); }),
         with_gradient},
        {"repeat/columns",
         {normal_numbers({1024, 256})},
         of([](const Tensor& x) { return repeat(x, 4, 1); }),
         with_gradient},
        {"tril", {matrix}, triangle(tril), with_gradient},
        {"triu", {matrix}, triangle(triu), with_gradient},
        {"diagonal", {matrix}, of([](const Tensor& x) { return diagonal(x); }), with_gradient},
    };
}

}  // namespace latent::benchmarks
