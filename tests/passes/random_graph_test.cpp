#include "tests/support/random_graph.h"

#include <catch2/catch.hpp>
#include <set>

#include "ir/parse.h"
#include "ir/print.h"
#include "ir/verify.h"

using namespace latent;

TEST_CASE("Random graphs are valid, read back, and have every primitive and dtype") {
    std::set<ir::Op> ops;
    std::set<DType> dtypes;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        const ir::Graph graph = test::RandomGraph({}, seed).make();
        REQUIRE_NOTHROW(ir::verify(graph));
        const std::string text = ir::print(graph, {.locations = false});
        INFO(text);
        CHECK(ir::print(ir::parse(text), {.locations = false}).size() == text.size());
        for (const ir::Node* node : ir::topological_order(graph.results)) {
            ops.insert(node->op());
            dtypes.insert(node->type().dtype);
        }
    }
    for (const ir::OpInfo& row : ir::all_ops()) {
        INFO(row.name);
        // Data is given to a graph by whoever runs it.
        CHECK(ops.contains(row.op) == (row.op != ir::Op::buffer));
    }
    CHECK(dtypes.size() == all_dtypes.size());
}

TEST_CASE("A random graph is a function of its seed") {
    const auto text = [](std::uint64_t seed) {
        return ir::print(test::RandomGraph({}, seed).make());
    };
    CHECK(text(1) == text(1));
    CHECK(text(1) != text(2));
}
