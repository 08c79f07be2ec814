#include <latent/manipulation.h>

#include "tools/conformance/operations.h"

namespace latent::conformance {

Operations indexing_operations() {
    return {
        {"take",
         single([](const Call& call) { return take(call.input(0), call.input(1), call.axis(0)); })},
        {"one_hot", single([](const Call& call) {
             return one_hot(call.input(0), call.integer("classes"), call.dtype());
         })},
    };
}

}  // namespace latent::conformance
