#include <algorithm>
#include <set>
#include <thread>

#include "tests/frontend/support.h"

using namespace latent;

TEST_CASE("a draw is a function of its key and shape") {
    const std::vector<float> once = uniform(Key(7), {100}).to_vector<float>();
    CHECK(uniform(Key(7), {100}).to_vector<float>() == once);
    CHECK(uniform(Key(7), {10, 10}).to_vector<float>() == once);
    CHECK(uniform(Key(8), {100}).to_vector<float>() != once);
}

TEST_CASE("keys derived from a key differ from it and from each other") {
    std::set<std::uint64_t> seen{Key(1).bits()};
    for (const Key key : split(Key(1), 100)) {
        CHECK(seen.insert(key.bits()).second);
    }
    const auto [a, b] = split<2>(Key(1));
    CHECK(a == split(Key(1), 2)[0]);
    CHECK(b == fold_in(Key(1), 1));
}

TEST_CASE("uniform numbers fill [0, 1) evenly, in f32 and f64") {
    for (const DType dtype : {DType::f32, DType::f64}) {
        const Tensor x = uniform(Key(3), {20000}, {.dtype = dtype});
        CHECK(x.min().item<double>() >= 0);
        CHECK(x.max().item<double>() < 1);
        CHECK(x.mean().item<double>() == Approx(0.5).margin(0.01));
        CHECK(var(x).item<double>() == Approx(1.0 / 12).margin(0.005));
    }
}

TEST_CASE("normal numbers have mean 0, variance 1 and the right tails, in f32 and f64") {
    for (const DType dtype : {DType::f32, DType::f64}) {
        const Tensor x = normal(Key(4), {20000}, {.dtype = dtype});
        CHECK(x.mean().item<double>() == Approx(0).margin(0.03));
        CHECK(var(x).item<double>() == Approx(1).margin(0.05));
        CHECK((abs(x) > 1.959964).mean().item<double>() == Approx(0.05).margin(0.01));
        CHECK((x.slice(0, 0, 19999) * x.slice(0, 1)).mean().item<double>() ==
              Approx(0).margin(0.03));
        CHECK(isfinite(x).all().item<bool>());
    }
}

TEST_CASE("bernoulli and randint have the right frequencies") {
    CHECK(bernoulli(Key(5), {20000}, 0.3).mean().item<float>() == Approx(0.3).margin(0.02));
    const Tensor dice = randint(Key(6), {12000}, 1, 7);
    CHECK(dice.dtype() == DType::i64);
    for (int face = 1; face <= 6; ++face) {
        CHECK((dice == face).sum().item<std::int64_t>() == Approx(2000).margin(200));
    }
    CHECK(randint(Key(6), {3}, -5, -4).to_vector<std::int64_t>() ==
          std::vector<std::int64_t>{-5, -5, -5});
}

TEST_CASE("the default generator starts again from a seed, for everyone or for a scope") {
    manual_seed(11);
    const std::vector<float> first = rand({4}).to_vector<float>();
    const std::vector<float> second = rand({4}).to_vector<float>();
    CHECK(first != second);
    manual_seed(11);
    CHECK(rand({4}).to_vector<float>() == first);
    {
        const SeedScope outer(5);
        const std::vector<float> scoped = rand({4}).to_vector<float>();
        {
            const SeedScope inner(5);
            CHECK(rand({4}).to_vector<float>() == scoped);
        }
        CHECK(rand({4}).to_vector<float>() != scoped);
    }
    CHECK(rand({4}).to_vector<float>() == second);
}

TEST_CASE("truncated normal numbers are the quantiles of uniform ones") {
    const auto distribution = [](double x) { return std::erfc(-x / std::sqrt(2)) / 2; };
    struct Interval {
        double low;
        double high;
    };
    for (const Interval& in : {Interval{-2, 2}, Interval{-7, 1}, Interval{-1, 9}}) {
        const TensorOptions f64{.dtype = DType::f64};
        const std::vector<double> u = test::values(uniform(Key(3), {2000}, f64));
        const std::vector<double> x =
            test::values(truncated_normal(Key(3), {2000}, in.low, in.high, f64));
        const double first = distribution(in.low);
        const double share = distribution(in.high) - first;
        double worst = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            worst = std::max(worst, std::abs(distribution(x[i]) - (first + share * u[i])));
        }
        CHECK(worst < 1e-14);
    }
    const Tensor x = truncated_normal(Key(4), {20000});
    CHECK(abs(x).max().item<float>() <= 2);
    CHECK(x.mean().item<double>() == Approx(0).margin(0.03));
    CHECK(var(x).item<double>() == Approx(0.7737413).epsilon(0.03));  // 1 - 4 phi(2) / share
    const Tensor far = truncated_normal(Key(5), {1000}, 20, 21, {.dtype = DType::f64});
    CHECK(far.min().item<double>() >= 20);
    CHECK(far.mean().item<double>() == Approx(20.05).epsilon(1e-3));  // 20 + 1 / 20
}

TEST_CASE("gamma numbers have the moments of their distribution, also below concentration 1") {
    for (const double a : {0.3, 1.0, 4.5}) {
        const Tensor x = latent::gamma(Key(8), {40000}, a, {.dtype = DType::f64});
        CHECK(x.min().item<double>() >= 0);
        CHECK(x.mean().item<double>() == Approx(a).epsilon(0.03));
        CHECK(var(x).item<double>() == Approx(a).epsilon(0.06));
        CHECK(log(x).mean().item<double>() ==  // digamma(a)
              Approx(a < 0.5 ? -3.5025242 : (a < 2 ? -0.5772157 : 1.3889)).epsilon(0.03));
    }
    const Tensor a = leaf(Tensor::from({0.0, -1.0, 2.0}));
    const Tensor x = latent::gamma(Key(8), {2, 3}, a);
    CHECK(x.dtype() == DType::f64);
    CHECK_FALSE(x.requires_grad());
    CHECK(isnan(x).to_vector<bool>() == std::vector<bool>{true, true, false, true, true, false});
}

TEST_CASE("categorical draws follow the softmax of the logits along an axis") {
    const Tensor logits = log(Tensor::from({0.1, 0.2, 0.0, 0.7}));
    const Tensor draws = categorical(Key(9), logits.broadcast_to({20000, 4}));
    CHECK(draws.shape() == Shape{20000});
    CHECK(draws.dtype() == DType::i64);
    const std::vector<double> expected{0.1, 0.2, 0, 0.7};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double share = (draws == i).mean().item<double>();
        CHECK(share == Approx(expected[i]).margin(expected[i] == 0 ? 0 : 0.015));
    }
    CHECK(categorical(Key(9), zeros({5, 3}), 0).shape() == Shape{3});
}

TEST_CASE("a permutation has each position once, and is another for another key") {
    const std::vector<std::int64_t> order = permutation(Key(10), 1000).to_vector<std::int64_t>();
    CHECK(std::set<std::int64_t>(order.begin(), order.end()).size() == 1000);
    CHECK(*std::min_element(order.begin(), order.end()) == 0);
    CHECK(*std::max_element(order.begin(), order.end()) == 999);
    CHECK(permutation(Key(11), 1000).to_vector<std::int64_t>() != order);
    // Each of the 6 orders of 3 equally often.
    std::vector<int> counts(6);
    for (std::uint64_t i = 0; i < 300; ++i) {
        const std::vector<std::int64_t> p = permutation(Key(i), 3).to_vector<std::int64_t>();
        ++counts[static_cast<std::size_t>(2 * p[0] + (p[1] > p[2] ? 1 : 0))];
    }
    CHECK(*std::min_element(counts.begin(), counts.end()) > 25);
    const Tensor rows = arange(6).reshape({2, 3});
    const Tensor moved = permutation(Key(2), rows, -1);
    const Tensor positions = permutation(Key(2), 3);
    CHECK(moved.to_vector<std::int64_t>() == take(rows, positions, 1).to_vector<std::int64_t>());
    CHECK(permutation(Key(2), 0).numel() == 0);
}

TEST_CASE("the same key gives the same bits for any number of threads") {
    const auto draw = [](int threads) {
        set_num_threads(threads);
        const Tensor order = permutation(Key(1), 70000);
        const Tensor picked = categorical(Key(2), uniform(Key(5), {20000, 5}));
        return std::tuple{normal(Key(3), {70000}).to_vector<float>(),
                          truncated_normal(Key(3), {70000}).to_vector<float>(),
                          latent::gamma(Key(4), {70000}, 0.7).to_vector<float>(),
                          order.to_vector<std::int64_t>(), picked.to_vector<std::int64_t>()};
    };
    const int before = num_threads();
    const auto one = draw(1);
    const auto four = draw(4);
    set_num_threads(before);
    CHECK(one == four);
}
