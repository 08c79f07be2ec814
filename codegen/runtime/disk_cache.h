#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "codegen/runtime/cache_folder.h"
#include "codegen/runtime/kernel_image.h"
#include "codegen/runtime/warning.h"

namespace latent::codegen::runtime {

/// Linked kernels in a folder of the user, one file for each key, named after a hash of it. The
/// file holds the full key and a checksum; it appears whole (written beside, then renamed) and
/// processes may share the folder.
///
/// Whatever is wrong with folder or file is a miss: nothing here throws, and each kind of trouble
/// is warned about once. Files are read only from a folder that belongs to the user and that nobody
/// else can write to, since they are code.
class DiskCache {
  public:
    static constexpr std::uint64_t default_byte_limit = std::uint64_t{512} << 20;

    struct Options {
        std::filesystem::path folder;  // empty: no cache
        std::uint64_t byte_limit = default_byte_limit;
        WarningHandler warn = print_warning;  // must not throw
    };

    /// $LATENT_CACHE_DIR, else $XDG_CACHE_HOME/latent, else $HOME/.cache/latent; LATENT_CACHE=off
    /// for none; LATENT_CACHE_SIZE for the limit.
    static Options options_from_environment();

    explicit DiskCache(Options options);

    /// The kernel stored for `key`, which is marked as used now.
    std::optional<KernelImage> load(std::string_view key) noexcept;

    /// Keeps a kernel, then removes the files used least recently while there are more bytes than
    /// the limit.
    void store(std::string_view key, const KernelImage& image) noexcept;

    /// Removes all kernels from the folder.
    void clear() noexcept;

    const Options& options() const noexcept { return options_; }
    CacheFolder& folder() noexcept { return folder_; }

    /// The file, inside the folder, that a kernel for `key` has.
    static std::string file_name(std::string_view key);

  private:
    std::optional<KernelImage> load_from(int folder, std::string_view key);
    void store_in(int folder, std::string_view key, const KernelImage& image);
    void bound(int folder, std::uint64_t added, std::uint64_t limit);

    const Options options_;
    CacheFolder folder_;
    std::mutex bound_mutex_;
    std::optional<std::uint64_t> known_bytes_;  // in the folder, once it has been looked through
};

}  // namespace latent::codegen::runtime
