#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace latent::codegen::runtime {

/// Where the dynamic loader reads the bytes from.
enum class LoadSource {
    automatic,       // a memory file, or a temporary file where the system has none
    temporary_file,  // a file in a private folder, removed once loaded
};

/// A loaded shared object; unloads it at the end of its life.
class SharedObject {
  public:
    /// Loads exactly these bytes: they are put where nothing else can change them between a check
    /// and their use. Symbols are bound at once and not shown to other objects. `name` is for
    /// messages. Throws CompileError.
    static SharedObject load(std::span<const std::byte> bytes, const std::string& name,
                             LoadSource source = LoadSource::automatic);

    /// Throws CompileError if there is no such symbol.
    void* symbol(const std::string& name) const;

  private:
    struct Unload {
        void operator()(void* handle) const noexcept;
    };

    explicit SharedObject(void* handle) : handle_(handle) {}
    static SharedObject open(const std::string& path, const std::string& name);

    std::unique_ptr<void, Unload> handle_;
};

}  // namespace latent::codegen::runtime
