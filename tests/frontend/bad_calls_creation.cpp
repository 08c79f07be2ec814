#include "tests/frontend/bad_calls.h"

namespace latent::test {

void check_creation_calls(Refusals& refusals) {
    const Tensor none;
    const Tensor x = zeros({2, 3});
    const std::vector<float> five(5);
    constexpr std::int64_t huge = 5'000'000'000;
    const std::array<int, 13> extents{};
    Shape longest(std::vector<int>(max_rank, 1));
    const std::string too_many = "takes at most 12 numbers, got 13";
    const std::string negative = "shape [2,-1] has a negative extent";
    const std::string uncountable = "shape [5000000000,5000000000] of f32 has 2^63 bytes or more";
    refusals.check_undefined({
        {__LINE__, "zeros_like", [&] { zeros_like(none); }, ""},
        {__LINE__, "ones_like", [&] { ones_like(none); }, ""},
        {__LINE__, "leaf", [&] { leaf(none); }, ""},
    });
    refusals.check<ShapeError>({
        {__LINE__, "Shape", [&] { zeros({1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}); }, too_many},
        {__LINE__, "Shape", [&] { x.reshape(std::vector<int>(13, 1)); }, too_many},
        {__LINE__, "Shape", [&] { Shape(std::span(extents)); }, too_many},
        {__LINE__, "Shape", [&] { longest.push_back(1); }, too_many},
        {__LINE__, "Axes", [&] { x.sum({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}); }, too_many},
        {__LINE__, "Axes", [&] { x.sum(std::vector<int>(13)); }, too_many},
        {__LINE__, "Sizes", [&] { Sizes(std::vector<int>(13)); }, too_many},
        {__LINE__, "zeros", [&] { zeros({2, -1}); }, negative},
        {__LINE__, "zeros", [&] { zeros({huge, huge}); }, uncountable},
        {__LINE__, "zeros", [&] { zeros({huge, huge, 0}); }, "shape [5000000000,5000000000,0]"},
        {__LINE__, "ones", [&] { ones({2, -1}); }, negative},
        {__LINE__, "ones", [&] { ones({huge, huge}); }, uncountable},
        {__LINE__, "full", [&] { full({2, -1}, 3); }, negative},
        {__LINE__, "full", [&] { full({huge, huge}, 3.0); }, uncountable},
        {__LINE__, "eye", [&] { eye(-1); }, "shape [-1,-1] has a negative extent"},
        {__LINE__, "eye", [&] { eye(2, -1); }, negative},
        {__LINE__, "eye", [&] { eye(huge); }, "shape [5000000000,5000000000]"},
        {__LINE__, "from", [&] { Tensor::from(five, {2, 3}); },
         "shape [2,3] has 6 elements, but 5 were given"},
        {__LINE__, "from", [&] { Tensor::from(five, {-5}); }, "shape [-5] has a negative extent"},
        {__LINE__, "from", [&] { Tensor::from(five, {}); }, "shape [] has 1 elements"},
        {__LINE__, "from", [&] { Tensor::from(five, {huge, huge}); }, uncountable},
        {__LINE__, "item", [&] { x.item<float>(); }, "f32[2,3] does not have exactly one element"},
        {__LINE__, "extent", [&] { x.extent(2); }, "axis 2 is out of range"},
        {__LINE__, "uniform", [&] { uniform(Key(1), {2, -1}); }, negative},
        {__LINE__, "uniform", [&] { uniform(Key(1), {huge, huge}); }, "shape [5000000000"},
        {__LINE__, "normal", [&] { normal(Key(1), {2, -1}); }, negative},
        {__LINE__, "truncated_normal", [&] { truncated_normal(Key(1), {2, -1}); }, negative},
        {__LINE__, "gamma", [&] { gamma(Key(1), {2, -1}, 1.0); }, negative},
        {__LINE__, "gamma", [&] { gamma(Key(1), {2, 2}, x); },
         "shape [2,3] does not broadcast to [2,2]"},
        {__LINE__, "bernoulli", [&] { bernoulli(Key(1), {2, -1}, 0.5); }, negative},
        {__LINE__, "randint", [&] { randint(Key(1), {2, -1}, 0, 5); }, negative},
        {__LINE__, "rand", [&] { rand({2, -1}); }, negative},
        {__LINE__, "randn", [&] { randn({2, -1}); }, negative},
        {__LINE__, "categorical", [&] { categorical(Key(1), x, 2); }, "axis 2 is out of range"},
        {__LINE__, "categorical", [&] { categorical(Key(1), zeros({2, 0})); },
         "axis 1 of shape [2,0] is empty"},
        {__LINE__, "permutation", [&] { permutation(Key(1), x, 2); }, "axis 2 is out of range"},
    });
    refusals.check<TypeError>({
        {__LINE__, "zeros", [&] { zeros({2}, {.requires_grad = true, .dtype = DType::i32}); },
         "only floating tensors can require a gradient, got i32"},
        {__LINE__, "ones", [&] { ones({2}, {.requires_grad = true, .dtype = DType::boolean}); },
         "only floating tensors can require a gradient, got bool"},
        {__LINE__, "full", [&] { full({2}, 1, {.requires_grad = true}); },
         "only floating tensors can require a gradient, got i64"},
        {__LINE__, "eye", [&] { eye(2, {.requires_grad = true, .dtype = DType::u8}); },
         "only floating tensors can require a gradient, got u8"},
        {__LINE__, "from", [&] { Tensor::from({1, 2}, {2}, {.requires_grad = true}); },
         "only floating tensors can require a gradient, got i32"},
        {__LINE__, "leaf", [&] { leaf(zeros({2}, {.dtype = DType::i64})); },
         "only floating tensors can require a gradient, got i64"},
        {__LINE__, "arange", [&] { arange(5, {.dtype = DType::boolean}); },
         "takes a number dtype, got bool"},
        {__LINE__, "linspace", [&] { linspace(0, 1, 5, {.dtype = DType::i64}); },
         "takes a floating dtype, got i64"},
        {__LINE__, "data", [&] { x.data<double>(); }, "f32[2,3] does not hold elements of f64"},
        {__LINE__, "item", [&] { full({}, 1.5).item<int>(); }, "f32[] does not hold an integer"},
        {__LINE__, "uniform", [&] { uniform(Key(1), {2}, {.dtype = DType::i64}); },
         "takes a floating dtype, got i64"},
        {__LINE__, "normal", [&] { normal(Key(1), {2}, {.dtype = DType::i64}); },
         "takes a floating dtype, got i64"},
        {__LINE__, "truncated_normal",
         [&] { truncated_normal(Key(1), {2}, -2, 2, {.dtype = DType::i64}); },
         "takes a floating dtype, got i64"},
        {__LINE__, "gamma", [&] { gamma(Key(1), {2}, 1.0, {.dtype = DType::i64}); },
         "takes a floating dtype, got i64"},
        {__LINE__, "rand", [&] { rand({2}, {.dtype = DType::i64}); },
         "takes a floating dtype, got i64"},
        {__LINE__, "randn", [&] { randn({2}, {.dtype = DType::i64}); },
         "takes a floating dtype, got i64"},
        {__LINE__, "randint", [&] { randint(Key(1), {2}, 0, 5, {.requires_grad = true}); },
         "only floating tensors can require a gradient, got i64"},
    });
    refusals.check<ValueError>({
        {__LINE__, "full", [&] { full({2}, 300, {.dtype = DType::u8}); },
         "300 does not fit dtype u8"},
        {__LINE__, "arange", [&] { arange(0, 5, 0); }, "the step must not be 0"},
        {__LINE__, "arange", [&] { arange(0, infinity); }, "from 0 to inf by 1 are no number"},
        {__LINE__, "arange", [&] { arange(0, not_a_number); }, "from 0 to nan by 1 are no number"},
        {__LINE__, "arange", [&] { arange(0, 1, not_a_number); }, "from 0 to 1 by nan are no"},
        {__LINE__, "arange", [&] { arange(0.0, 1e30); }, "from 0 to 1e+30 by 1 are no number"},
        {__LINE__, "arange",
         [&] {
             arange(std::numeric_limits<std::int64_t>::min(),
                    std::numeric_limits<std::int64_t>::max());
         },
         "from -9.2"},
        {__LINE__, "arange", [&] { arange(300, {.dtype = DType::u8}); },
         "from 0 to 300 by 1 do not fit dtype u8"},
        {__LINE__, "linspace", [&] { linspace(0, 1, -1); },
         "the count must not be negative, got -1"},
        {__LINE__, "truncated_normal", [&] { truncated_normal(Key(1), {2}, 3, 3); },
         "no normal number lies in [3, 3]"},
        {__LINE__, "truncated_normal", [&] { truncated_normal(Key(1), {2}, not_a_number, 3); },
         "no normal number lies in [nan, 3]"},
        {__LINE__, "bernoulli", [&] { bernoulli(Key(1), {2}, 1.5); }, "1.5 is no probability"},
        {__LINE__, "bernoulli", [&] { bernoulli(Key(1), {2}, not_a_number); },
         "nan is no probability"},
        {__LINE__, "dropout", [&] { dropout(Key(1), x, 1.5); }, "1.5 is no probability"},
        {__LINE__, "dropout", [&] { dropout(x, -0.5); }, "-0.5 is no probability"},
        {__LINE__, "randint", [&] { randint(Key(1), {2}, 3, 3); }, "[3, 3) must hold between 1"},
        {__LINE__, "randint", [&] { randint({2}, 0, std::int64_t{1} << 40); },
         "[0, 1099511627776) must hold between 1"},
        {__LINE__, "permutation", [&] { permutation(Key(1), -1); },
         "the count must not be negative, got -1"},
        {__LINE__, "truncated_normal", [&] { truncated_normal(Key(1), {2}, 20, 21); },
         "no normal number lies in [20, 21]"},
        {__LINE__, "uniform", [&] { nn::initializers::uniform(1, 0); }, "[1, 0) is no interval"},
        {__LINE__, "normal", [&] { nn::initializers::normal(-1); },
         "the deviation must not be negative, got -1"},
        {__LINE__, "truncated_normal", [&] { nn::initializers::truncated_normal(not_a_number); },
         "the deviation must not be negative, got nan"},
    });
    const auto orthogonal = [&] { nn::initializers::orthogonal()(Key(1), {3}, {}, DType::f32); };
    refusals.check<ShapeError>(
        {{__LINE__ - 3, "orthogonal", orthogonal, "shape [3] has fewer than two dimensions"}});
}

}  // namespace latent::test
