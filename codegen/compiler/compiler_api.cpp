#include "codegen/compiler/compiler_api.h"

#include <Halide.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

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

int latent_compile_kernels(const latent_compile_request* requests, size_t count, unsigned notes,
                           const latent_compile_sink* sink, char* error, size_t error_capacity) {
    try {
        std::vector<latent::codegen::KernelText> texts;
        for (const latent_compile_request& request : std::span(requests, count)) {
            texts.push_back({{request.text, request.size}, request.symbol});
        }
        const latent::codegen::CompiledKernels kernels =
            latent::codegen::compile_kernels(texts, notes, sink->object != nullptr);
        for (size_t i = 0; i < count; ++i) {
            for (const auto& [name, text] : kernels.notes[i]) {
                sink->note(sink->context, i, name.c_str(), text.data(), text.size());
            }
        }
        if (sink->object != nullptr) {
            sink->object(sink->context, kernels.object.data(), kernels.object.size());
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
