#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "ir/parse.h"
#include "tests/support/plans.h"

namespace latent::test {

/// The request of the one kernel of a graph.
inline std::string request_of(std::string_view graph) {
    const detail::Planned planned = plan_kernels(ir::parse(std::string(graph)));
    REQUIRE(planned.plan.requests.size() == 1);
    return planned.plan.requests[0];
}

/// The lowered statement of a kernel, from its request.
inline std::string statement_of(const std::string& request) {
    return kernel_context().kernels().describe(request, latent_note_statement).at("statement");
}

/// The lowered statement of the one kernel of a graph.
inline std::string statement(std::string_view text) {
    return statement_of(request_of(text));
}

/// The request, for another instruction set.
inline std::string made_for(std::string_view instruction_set, std::string request) {
    const std::string before = "schedule ";
    const std::size_t begin = request.find(' ', request.find(before) + before.size()) + 1;
    return request.replace(begin, request.find(' ', begin) - begin, instruction_set);
}

/// The request with another number in its schedule.
inline std::string with_number(const std::string& name, int number, std::string request) {
    const std::string before = " " + name + " ";
    const std::size_t begin = request.find(before) + before.size();
    return request.replace(begin, request.find(' ', begin) - begin, std::to_string(number));
}

/// The request of a product, for register tiles of that many rows.
inline std::string with_tile_rows(int rows, std::string request) {
    return with_number("tile_rows", rows, std::move(request));
}

/// A convolution whose filters are packed, as vectors, whatever the instruction set.
inline std::string turned_windows() {
    return request_of(R"(%x = parameter {index=0, dtype=f32, shape=[2,32,59,59]}
        %w = parameter {index=1, dtype=f32, shape=[64,32,3,3]}
        %v = window %x {axes=[2,3], size=[3,3], stride=[2,2], dilation=[1,1]}
        %r = contraction %v, %w {lhs=[0,1,2,3,4,5], rhs=[6,1,4,5], out=[0,6,2,3]}
        return %r)");
}

/// How often a word stands in a text.
inline int count(std::string_view text, std::string_view word) {
    int found = 0;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        ++found;
    }
    return found;
}

}  // namespace latent::test
