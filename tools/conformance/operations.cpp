#include "tools/conformance/operations.h"

#include <fmt/format.h>

#include "tools/conformance/composite.h"

namespace latent::conformance {

const Operations& operations() {
    static const Operations all = [] {
        Operations result;
        for (const auto family :
             {elementwise_operations, reduction_operations, arrangement_operations,
              indexing_operations, creation_operations, product_operations, network_operations}) {
            result.merge(family());
        }
        return result;
    }();
    return all;
}

std::vector<Tensor> perform(const std::string& name, const Call& call) {
    if (call.has("composite")) {
        std::vector<Tensor> results{evaluate_composite(call.text("composite", ""), call.inputs())};
        call.require_all_read();
        return results;
    }
    const auto found = operations().find(name);
    if (found == operations().end()) {
        throw Unsupported(fmt::format("operation {}", name));
    }
    std::vector<Tensor> results = found->second(call);
    call.require_all_read();
    return results;
}

}  // namespace latent::conformance
