#pragma once

#include <cstddef>

namespace latent::codegen {

/// The bytes of kernel_stub.c as a relocatable object; compiled and embedded by the build.
extern const unsigned char kernel_stub_object[];
extern const std::size_t kernel_stub_object_size;

}  // namespace latent::codegen
