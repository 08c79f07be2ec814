#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/runtime/file.h"
#include "codegen/runtime/warning.h"

namespace latent::codegen::runtime {

/// A folder of the user in which processes share files. A file appears whole (written beside, then
/// renamed), and is read only if folder and file belong to the user and nobody else can write to
/// them. Trouble gives nothing and is warned about, each kind once.
class CacheFolder {
  public:
    /// The suffix of files that are being written.
    static constexpr std::string_view temporary_suffix = ".tmp";

    /// An empty path is a folder that holds nothing. `warn` must not throw.
    CacheFolder(std::filesystem::path path, WarningHandler warn);

    /// Nothing where there is no such folder, or where it is not used.
    FileDescriptor open(bool create);

    struct File {
        FileDescriptor descriptor;
        std::vector<std::byte> bytes;
    };
    /// A file of a folder that `open` gave.
    std::optional<File> read(int folder, const std::string& name);
    /// False if the file could not be written.
    bool publish(int folder, const std::string& name, std::span<const std::byte> bytes);

    enum class Trouble : unsigned {
        folder = 1,
        foreign = 2,
        damaged = 4,
        unreadable = 8,
        unwritable = 16
    };
    void warn_once(Trouble trouble, const std::string& message) noexcept;

    const std::filesystem::path& path() const noexcept { return path_; }

  private:
    const std::filesystem::path path_;
    const WarningHandler warn_;
    std::atomic<unsigned> warned_{0};
};

}  // namespace latent::codegen::runtime
