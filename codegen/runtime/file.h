#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace latent::codegen::runtime {

/// Owner of an open file.
class FileDescriptor {
  public:
    explicit FileDescriptor(int descriptor = -1) noexcept : descriptor_(descriptor) {}
    FileDescriptor(FileDescriptor&& other) noexcept;
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    ~FileDescriptor();

    int get() const noexcept { return descriptor_; }
    explicit operator bool() const noexcept { return descriptor_ >= 0; }

  private:
    int descriptor_;
};

/// A folder that only this user can look into, under $TMPDIR (else /tmp); removed with all it holds
/// at the end of its life.
class TemporaryFolder {
  public:
    /// Throws CompileError if none can be made.
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    std::filesystem::path path_;
};

/// False, with `errno` set, if not all could be written.
bool write_all(int descriptor, std::span<const std::byte> bytes);

/// The rest of the file; nothing, with `errno` set, if it cannot be read.
std::optional<std::vector<std::byte>> read_all(int descriptor);

/// Makes or replaces a file that only this user can use. False, with `errno` set, on failure.
bool write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);

/// Nothing, with `errno` set, if the file cannot be opened or read.
std::optional<std::vector<std::byte>> read_file(const std::filesystem::path& path);

/// The system's words for an `errno` value.
std::string error_text(int error);

}  // namespace latent::codegen::runtime
