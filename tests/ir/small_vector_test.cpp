#include "ir/small_vector.h"

#include <catch2/catch.hpp>
#include <utility>

using namespace latent::ir;

namespace {

using Numbers = SmallVector<int, 4>;

Numbers counted(int count) {
    Numbers numbers;
    for (int i = 0; i < count; ++i) {
        numbers.push_back(i);
    }
    return numbers;
}

bool is_counted(const Numbers& numbers, int count) {
    bool as_expected = numbers.size() == static_cast<std::size_t>(count);
    for (int i = 0; as_expected && i < count; ++i) {
        as_expected = numbers[static_cast<std::size_t>(i)] == i;
    }
    return as_expected;
}

}  // namespace

TEST_CASE("a small vector keeps its values when it grows out of itself", "[ir]") {
    for (const int count : {0, 1, 4, 5, 8, 9, 100}) {
        CHECK(is_counted(counted(count), count));
    }
    Numbers numbers = counted(4);
    numbers.push_back(numbers[3]);  // which moves meanwhile
    CHECK(numbers.back() == 3);
    numbers.pop_back();
    CHECK(is_counted(numbers, 4));
    numbers.shrink(2);
    CHECK(is_counted(numbers, 2));
    numbers.assign(6, 7);
    CHECK(numbers.size() == 6);
    CHECK(numbers[5] == 7);
}

TEST_CASE("a small vector that was moved from is empty and can be filled again", "[ir]") {
    for (const int count : {3, 30}) {
        Numbers from = counted(count);
        Numbers to = std::move(from);
        CHECK(is_counted(to, count));
        from = counted(5);
        CHECK(is_counted(from, 5));
        to = std::move(from);
        CHECK(is_counted(to, 5));
    }
}
