#include "ir/node_map.h"

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "ir/builder.h"

using namespace latent;
using namespace latent::ir;

namespace {

std::vector<Value> parameters(std::size_t count) {
    std::vector<Value> values;
    for (std::size_t i = 0; i < count; ++i) {
        values.push_back(parameter(static_cast<std::int64_t>(i), {DType::f32, {}}, {}));
    }
    return values;
}

}  // namespace

TEST_CASE("a map finds the nodes it was given in any order, and no others", "[ir]") {
    const std::vector<Value> values = parameters(1000);
    NodeMap<std::size_t> map;
    CHECK_FALSE(map.contains(values[0].node.get()));
    for (std::size_t i = 0; i < values.size(); i += 2) {
        map[values[i * 7919 % values.size()].node.get()] = i * 7919 % values.size();
    }
    CHECK(map.size() == values.size() / 2);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::size_t* found = map.find(values[i].node.get());
        CHECK((found != nullptr) == (i % 2 == 0));
        CHECK((found == nullptr || *found == i));
    }
}

TEST_CASE("a copy of a map and what is moved out of it are maps of their own", "[ir]") {
    const std::vector<Value> values = parameters(100);
    NodeMap<int> map;
    map[values[0].node.get()] = 1;
    map[values[99].node.get()] = 2;
    NodeMap<int> copy = map;
    copy[values[0].node.get()] = 3;
    CHECK(map.at(values[0].node.get()) == 1);
    CHECK(copy.at(values[99].node.get()) == 2);
    const NodeMap<int> moved = std::move(copy);
    CHECK(moved.at(values[0].node.get()) == 3);
    copy = map;
    copy[values[50].node.get()] = 4;
    CHECK(copy.in_order() == std::vector{1, 4, 2});
    CHECK(map.size() == 2);
}

TEST_CASE("a map that was cleared holds nothing and can be filled again", "[ir]") {
    const std::vector<Value> values = parameters(1000);
    NodeMap<int> map;
    map.clear();
    for (const std::size_t count : {1000, 3, 500}) {
        for (std::size_t i = 0; i < count; ++i) {
            CHECK(map.insert(values[i].node.get(), static_cast<int>(i)).second);
        }
        CHECK(map.size() == count);
        CHECK(map.at(values[count - 1].node.get()) == static_cast<int>(count) - 1);
        map.clear();
        CHECK(map.size() == 0);
        CHECK_FALSE(map.contains(values[0].node.get()));
        CHECK(map.in_order().empty());
    }
}
