#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "codegen/runtime/compiler.h"
#include "codegen/runtime/environment.h"
#include "codegen/runtime/file.h"
#include "codegen/runtime/warning.h"
#include "ir/errors.h"

namespace latent::codegen::runtime::testing {

/// Sets (or, with nullptr, unsets) an environment variable for a scope.
class ScopedEnvironment {
  public:
    ScopedEnvironment(const char* name, const char* value)
        : name_(name), before_(environment_text(name)) {
        set(value);
    }
    ScopedEnvironment(const char* name, const std::string& value)
        : ScopedEnvironment(name, value.c_str()) {}
    ScopedEnvironment(const ScopedEnvironment&) = delete;
    ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;
    ~ScopedEnvironment() { set(before_ ? before_->c_str() : nullptr); }

  private:
    void set(const char* value) const {
        if (value != nullptr) {
            setenv(name_, value, 1);
        } else {
            unsetenv(name_);
        }
    }

    const char* name_;
    std::optional<std::string> before_;
};

/// While it lives, a file can hold no more than `bytes`: what a full disk looks like.
class FullDisk {
  public:
    explicit FullDisk(rlim_t bytes = 0) : handler_before_(signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit limit{bytes, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;
    ~FullDisk() {
        setrlimit(RLIMIT_FSIZE, &before_);
        signal(SIGXFSZ, handler_before_);
    }

  private:
    rlimit before_{};
    void (*handler_before_)(int);
};

/// Keeps warnings instead of printing them. Read them when no other thread warns any more.
struct Warnings {
    std::mutex mutex;
    std::vector<std::string> messages;

    WarningHandler handler() {
        return [this](std::string_view message) {
            const std::lock_guard lock(mutex);
            messages.emplace_back(message);
        };
    }
    bool mention(std::string_view text) const {
        return std::ranges::any_of(messages, [text](const std::string& message) {
            return message.find(text) != std::string::npos;
        });
    }
};

inline std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

inline std::vector<std::byte> to_bytes(std::string_view text) {
    const auto bytes = bytes_of(text);
    return {bytes.begin(), bytes.end()};
}

/// What every fake kernel starts with. `ENTRY` becomes its entry point; the arguments are as of a
/// Halide kernel.
inline constexpr std::string_view fake_kernel_head = R"(
typedef unsigned long size_t;
typedef int (*Task)(void* context, int index, unsigned char* closure);
void* halide_malloc(void* context, size_t size);
void halide_free(void* context, void* memory);
int halide_do_par_for(void* context, Task task, int begin, int extent, unsigned char* closure);
void halide_error(void* context, const char* message);
#define CONTEXT (*(void**)arguments[0])
)";

/// Runs the C compiler. `flags` and the source make the output.
inline std::vector<std::byte> compile_c(const std::string& source, const std::string& flags) {
    const TemporaryFolder folder;
    const std::string input = folder.path() / "input.c";
    const std::string output = folder.path() / "output";
    if (!write_file(input, bytes_of(source)) ||
        std::system(("cc -O1 -fPIC " + flags + " -o " + output + " " + input).c_str()) != 0) {
        throw std::runtime_error("the C compiler failed on a fake kernel");
    }
    return read_file(output).value();
}

/// One object with a function for each body.
inline std::vector<std::byte> compile_fake_kernels(std::span<const CompileRequest> kernels) {
    std::string source(fake_kernel_head);
    for (const CompileRequest& kernel : kernels) {
        source += "#undef ENTRY\n#define ENTRY " + kernel.symbol + "_argv\n" + kernel.text + "\n";
    }
    return compile_c(source, "-c -ffunction-sections");
}

inline std::vector<std::byte> compile_fake_kernel(const std::string& body,
                                                  const std::string& symbol) {
    const CompileRequest kernel{body, symbol};
    return compile_fake_kernels({&kernel, 1});
}

/// A kernel that stores `value` at its second argument.
inline std::string store_kernel(int value) {
    return "int ENTRY(void** arguments) { *(int*)arguments[1] = " + std::to_string(value) +
           "; return 0; }";
}

/// Takes the body of a fake kernel for its request.
class FakeCompiler : public Compiler {
  public:
    std::atomic<int> calls{0};
    std::function<void()> before_compile = [] {};  // runs at the start of each compilation

    CompiledObject compile(std::span<const CompileRequest> requests, unsigned) override {
        ++calls;
        before_compile();
        CompiledObject compiled;
        for (const CompileRequest& request : requests) {
            if (request.text.find("unknown op") != std::string::npos) {
                throw CompileError("cannot lower " + request.text);
            }
            compiled.notes.push_back({{"schedule", "schedule of " + request.text}});
        }
        compiled.object = compile_fake_kernels(requests);
        return compiled;
    }

    KernelNotes describe(const CompileRequest& request, unsigned notes) override {
        return {{"statement", request.text + " with " + std::to_string(notes)}};
    }
};

}  // namespace latent::codegen::runtime::testing
