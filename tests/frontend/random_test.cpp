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
