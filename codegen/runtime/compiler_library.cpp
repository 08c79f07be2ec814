#include "codegen/runtime/compiler_library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <exception>
#include <memory>
#include <utility>

#include "codegen/runtime/environment.h"
#include "ir/errors.h"

namespace latent::codegen::runtime {
namespace {

constexpr std::size_t error_capacity = 16384;

// Receives what the library delivers. Exceptions stay on this side of the C border and are thrown
// again after the call.
class Receiver {
  public:
    explicit Receiver(std::size_t requests) { result_.notes.resize(requests); }

    latent_compile_sink sink(bool with_object) {
        return {this, with_object ? &take_object : nullptr, &take_note};
    }

    CompiledObject result() {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
        return std::move(result_);
    }

  private:
    template <typename Action>
    void guarded(const Action& action) noexcept {
        try {
            action();
        } catch (...) {
            failure_ = std::current_exception();
        }
    }

    static void take_object(void* context, const void* bytes, std::size_t size) {
        auto& receiver = *static_cast<Receiver*>(context);
        receiver.guarded([&] {
            const auto* const begin = static_cast<const std::byte*>(bytes);
            receiver.result_.object.assign(begin, begin + size);
        });
    }

    static void take_note(void* context, std::size_t request, const char* name, const char* text,
                          std::size_t size) {
        auto& receiver = *static_cast<Receiver*>(context);
        receiver.guarded([&] {
            receiver.result_.notes.at(request).insert_or_assign(name, std::string(text, size));
        });
    }

    CompiledObject result_;
    std::exception_ptr failure_;
};

struct CloseLibrary {
    void operator()(void* handle) const noexcept { dlclose(handle); }
};

}  // namespace

std::vector<std::filesystem::path> CompilerLibrary::default_paths() {
    if (const auto path = environment_text("LATENT_COMPILER")) {
        return {*path};
    }
    std::vector<std::filesystem::path> paths = {LATENT_COMPILER_BUILD_PATH,
                                                LATENT_COMPILER_INSTALL_PATH};
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        const auto folder = program.parent_path();
        paths.push_back(folder / LATENT_COMPILER_FILE);
        paths.push_back(folder.parent_path() / "lib" / LATENT_COMPILER_FILE);
    }
    paths.emplace_back(LATENT_COMPILER_FILE);
    return paths;
}

CompilerLibrary::CompilerLibrary(std::vector<std::filesystem::path> paths, std::string build_id)
    : paths_(std::move(paths)), build_id_(std::move(build_id)) {}

CompiledObject CompilerLibrary::compile(std::span<const CompileRequest> requests, unsigned notes) {
    Receiver receiver(requests.size());
    run(requests, notes, receiver.sink(true));
    CompiledObject compiled = receiver.result();
    if (compiled.object.empty()) {
        throw CompileError("the kernel compiler delivered no object");
    }
    return compiled;
}

KernelNotes CompilerLibrary::describe(const CompileRequest& request, unsigned notes) {
    Receiver receiver(1);
    run({&request, 1}, notes, receiver.sink(false));
    return receiver.result().notes.front();
}

void CompilerLibrary::run(std::span<const CompileRequest> requests, unsigned notes,
                          const latent_compile_sink& sink) {
    std::vector<latent_compile_request> texts;
    texts.reserve(requests.size());
    for (const CompileRequest& request : requests) {
        texts.push_back({request.text.data(), request.text.size(), request.symbol.c_str()});
    }
    std::string message(error_capacity, '\0');
    const int result =
        entry()(texts.data(), texts.size(), notes, &sink, message.data(), message.size());
    if (result != 0) {
        message.resize(message.find('\0'));
        throw CompileError(fmt::format("cannot compile a kernel: {}", message));
    }
}

CompilerLibrary::CompileKernels CompilerLibrary::entry() {
    const std::lock_guard lock(mutex_);
    if (entry_ == nullptr) {
        entry_ = find();
    }
    return entry_;
}

CompilerLibrary::CompileKernels CompilerLibrary::find() const {
    std::string reasons;
    for (const std::filesystem::path& path : paths_) {
        std::string reason;
        if (const CompileKernels found = try_load(path, reason)) {
            return found;
        }
        reasons += fmt::format("\n  {}: {}", path.string(), reason);
    }
    throw CompileError(
        fmt::format("the kernel compiler was not found; set LATENT_COMPILER to the path of "
                    "liblatent_compiler.so. Tried:{}",
                    reasons));
}

CompilerLibrary::CompileKernels CompilerLibrary::try_load(const std::filesystem::path& path,
                                                          std::string& reason) const {
    std::error_code ignored;
    if (path.has_parent_path() && !std::filesystem::exists(path, ignored)) {
        reason = "no such file";
        return nullptr;
    }
    std::unique_ptr<void, CloseLibrary> library(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (!library) {
        reason = dlerror();
        return nullptr;
    }
    const auto id = reinterpret_cast<decltype(&latent_compiler_build_id)>(
        dlsym(library.get(), "latent_compiler_build_id"));
    const auto found =
        reinterpret_cast<CompileKernels>(dlsym(library.get(), "latent_compile_kernels"));
    if (id == nullptr || found == nullptr) {
        reason = "not a kernel compiler";
        return nullptr;
    }
    if (build_id_ != id()) {
        reason = "belongs to another build of Latent";
        return nullptr;
    }
    // Stays loaded: LLVM's and Halide's own static state does not survive being unloaded.
    static_cast<void>(library.release());
    return found;
}

}  // namespace latent::codegen::runtime
