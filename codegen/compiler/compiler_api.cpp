#include "codegen/compiler/compiler_api.h"

#include <Halide.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "codegen/lower/compile.h"
#include "codegen/runtime/build_id.h"

namespace {

void write_error(std::string_view message, char* error, size_t capacity) {
    if (capacity == 0) {
        return;
    }
    const size_t size = std::min(message.size(), capacity - 1);
    std::memcpy(error, message.data(), size);
    error[size] = '\0';
}

}  // namespace

int latent_compile_kernel(const char* request, size_t request_size, const char* symbol,
                          unsigned notes, const latent_compile_sink* sink, char* error,
                          size_t error_capacity) {
    try {
        const latent::codegen::CompiledKernel kernel = latent::codegen::compile_kernel(
            {request, request_size}, symbol, notes, sink->object != nullptr);
        for (const auto& [name, text] : kernel.notes) {
            sink->note(sink->context, name.c_str(), text.data(), text.size());
        }
        if (sink->object != nullptr) {
            sink->object(sink->context, kernel.object.data(), kernel.object.size());
        }
        return 0;
    } catch (const Halide::Error& failure) {
        write_error(failure.what(), error, error_capacity);
    } catch (const std::exception& failure) {
        write_error(failure.what(), error, error_capacity);
    }
    return 1;
}

const char* latent_compiler_build_id(void) {
    return latent::codegen::compiler_build_id;
}
