#include "codegen/runtime/shared_object.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "codegen/runtime/file.h"
#include "ir/errors.h"

namespace latent::codegen::runtime {
namespace {

#ifndef MFD_EXEC
constexpr unsigned MFD_EXEC = 0x0010u;  // Linux 6.3
#endif

// `name` is what profilers show.
FileDescriptor make_memory_file(const std::string& name) {
    constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    FileDescriptor file(memfd_create(name.c_str(), flags | MFD_EXEC));
    if (!file && errno == EINVAL) {
        file = FileDescriptor(memfd_create(name.c_str(), flags));
    }
    return file;
}

// A file in memory that holds the bytes and cannot be changed any more; invalid where the system
// offers none.
FileDescriptor sealed_memory_file(std::span<const std::byte> bytes, const std::string& name) {
    FileDescriptor file = make_memory_file(name);
    if (!file || !write_all(file.get(), bytes) ||
        fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) !=
            0) {
        return FileDescriptor();
    }
    return file;
}

// The loader takes equal paths for equal objects, and descriptors are used again, so each path is
// spelt in a way of its own: the bits of a serial number as "./" and "/", which name the same
// folder.
std::string unique_path(int descriptor) {
    static std::atomic<std::uint64_t> serial{0};
    std::string path = "/proc/self/fd/";
    for (std::uint64_t bits = serial.fetch_add(1, std::memory_order_relaxed); bits != 0;
         bits >>= 1) {
        path += (bits & 1) != 0 ? "./" : "/";
    }
    return path + std::to_string(descriptor);
}

}  // namespace

void SharedObject::Unload::operator()(void* handle) const noexcept {
    dlclose(handle);
}

SharedObject SharedObject::load(std::span<const std::byte> bytes, const std::string& name,
                                LoadSource source) {
    if (source == LoadSource::automatic) {
        const FileDescriptor file = sealed_memory_file(bytes, name);
        if (file && access("/proc/self/fd", X_OK) == 0) {
            return open(unique_path(file.get()), name);
        }
    }
    const TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "kernel.so";
    if (!write_file(path, bytes)) {
        throw CompileError(
            fmt::format("cannot load kernel {}: cannot write {}: {}; free some space or set TMPDIR",
                        name, path.string(), error_text(errno)));
    }
    return open(path.string(), name);
}

SharedObject SharedObject::open(const std::string& path, const std::string& name) {
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        throw CompileError(fmt::format("cannot load kernel {}: {}", name, dlerror()));
    }
    return SharedObject(handle);
}

void* SharedObject::symbol(const std::string& name) const {
    void* const address = dlsym(handle_.get(), name.c_str());
    if (address == nullptr) {
        throw CompileError(fmt::format("a loaded kernel lacks the symbol {}", name));
    }
    return address;
}

}  // namespace latent::codegen::runtime
