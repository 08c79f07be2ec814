#include "codegen/runtime/warning.h"

#include <fmt/format.h>

#include <cstdio>

namespace latent::codegen::runtime {

void print_warning(std::string_view message) {
    fmt::print(stderr, "latent: warning: {}\n", message);
}

}  // namespace latent::codegen::runtime
