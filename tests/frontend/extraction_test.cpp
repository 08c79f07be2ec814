#include "frontend/execution/extraction.h"

#include <latent/elementwise.h>

#include <catch2/catch.hpp>

#include "frontend/tensor/access.h"

using namespace latent;

namespace {

Tensor sum_chain(const Tensor& x, const Tensor& y, int length) {
    Tensor sum = x;
    for (int i = 0; i < length; ++i) {
        sum = sum + y;
    }
    return sum;
}

}  // namespace

TEST_CASE("an extractor gives the same for a graph whatever it extracted before") {
    const Tensor x = Tensor::from(std::vector<float>{1, 2}, {2});
    const Tensor y = Tensor::from(std::vector<float>{3, 4}, {2});
    detail::Extractor extractor;
    for (const int length : {3, 2000, 1, 140'000, 3, 40}) {
        const Tensor sum = sum_chain(x, y, length);
        const ir::Value root = detail::value_of(sum, std::source_location::current());
        const detail::ExtractedGraph& again = extractor.extract(std::span(&root, 1));
        const detail::ExtractedGraph fresh = detail::extract(std::span(&root, 1));
        CHECK(again.key == fresh.key);
        CHECK(again.order.size() == static_cast<std::size_t>(length) + 2);
        CHECK(again.inputs.size() == 2);
        CHECK(again.wanted == fresh.wanted);
        CHECK_FALSE(again.is_claimed);
    }
}

TEST_CASE("an operand used twice and two operands have different keys") {
    const Tensor x = Tensor::from(std::vector<float>{1, 2}, {2});
    const Tensor y = Tensor::from(std::vector<float>{3, 4}, {2});
    const auto key = [](const Tensor& tensor) {
        const ir::Value root = detail::value_of(tensor, std::source_location::current());
        return detail::extract(std::span(&root, 1)).key;
    };
    CHECK(key(x + x) != key(x + y));
    CHECK(key((x + y) + y) != key((x + y) + x));
    CHECK(key(where(x > y, x, y)) != key(where(x > y, y, x)));
    CHECK(key(where(x > y, x, y)) != key(where(x > y, x, x)));
    CHECK(key(x + y) == key(y + x));
}
