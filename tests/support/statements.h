#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

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

/// How often a word stands in a text.
inline int count(std::string_view text, std::string_view word) {
    int found = 0;
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        ++found;
    }
    return found;
}

}  // namespace latent::test
