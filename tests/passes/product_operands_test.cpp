#include <catch2/catch.hpp>
#include <string>

#include "ir/parse.h"
#include "passes/partition/partition.h"

using namespace latent;
using namespace latent::passes;

namespace {

/// A product with every second column of an operand, up to the one before `stop`.
ir::Graph product_of_slice(int stop, int columns) {
    return ir::parse(
        "%a = parameter {index=0, dtype=f32, shape=[64,200]}\n"
        "%b = parameter {index=1, dtype=f32, shape=[" +
        std::to_string(columns) + ",48]}\n%s = slice %a {start=[0,0], stop=[64," +
        std::to_string(stop) +
        "], step=[1,2]}\n%r = contraction %s, %b {lhs=[0,1], rhs=[1,2], out=[0,2]}\nreturn %r\n");
}

}  // namespace

TEST_CASE("a product has an operand with gaps between its elements stored without them") {
    const ir::Graph graph = product_of_slice(199, 100);
    const Partition cut = partition(graph);
    CHECK(cut.steps.size() == 2);
    REQUIRE(cut.cuts.size() == 1);
    CHECK(cut.cuts[0].value->op() == ir::Op::slice);
    CHECK(cut.cuts[0].reason.find("gaps") != std::string::npos);
    // Between the elements of one column there are none.
    CHECK(partition(product_of_slice(1, 1)).steps.size() == 1);
}
