#include "codegen/runtime/disk_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <exception>
#include <tuple>
#include <utility>
#include <vector>

#include "codegen/runtime/disk_cache_entry.h"
#include "codegen/runtime/environment.h"
#include "codegen/runtime/hash.h"

namespace latent::codegen::runtime {
namespace {

constexpr std::string_view kernel_suffix = ".kernel";
// A temporary file as old as this belongs to a process that died.
constexpr std::time_t abandoned_after_seconds = 3600;

bool is_off(std::string_view text) {
    return text == "off" || text == "OFF" || text == "0" || text == "no";
}

std::filesystem::path default_folder() {
    if (const auto folder = environment_text("LATENT_CACHE_DIR")) {
        return *folder;
    }
    if (const auto cache_home = environment_text("XDG_CACHE_HOME")) {
        return std::filesystem::path(*cache_home) / "latent";
    }
    if (const auto home = environment_text("HOME")) {
        return std::filesystem::path(*home) / ".cache" / "latent";
    }
    return {};
}

struct CacheFile {
    std::string name;
    std::uint64_t bytes = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;

    auto age() const { return std::tie(seconds, nanoseconds, name); }
};

std::optional<CacheFile> describe(int folder, const std::string& name) {
    struct stat status{};
    if (fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return CacheFile{name, static_cast<std::uint64_t>(status.st_size), status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec};
}

// The cache's own files, oldest first; removes what dead processes left. Other files are not
// touched.
std::vector<CacheFile> list_kernels(const std::filesystem::path& path, int folder) {
    std::vector<CacheFile> kernels;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename();
        const bool is_temporary = name.ends_with(CacheFolder::temporary_suffix);
        if (!is_temporary && !name.ends_with(kernel_suffix)) {
            continue;
        }
        auto file = describe(folder, name);
        if (file && is_temporary && file->seconds + abandoned_after_seconds < std::time(nullptr)) {
            unlinkat(folder, name.c_str(), 0);
        } else if (file && !is_temporary) {
            kernels.push_back(*std::move(file));
        }
    }
    std::ranges::sort(kernels, {}, &CacheFile::age);
    return kernels;
}

}  // namespace

DiskCache::Options DiskCache::options_from_environment() {
    Options options;
    if (!is_off(environment_text("LATENT_CACHE").value_or(""))) {
        options.folder = default_folder();
    }
    options.byte_limit = environment_bytes("LATENT_CACHE_SIZE").value_or(default_byte_limit);
    return options;
}

DiskCache::DiskCache(Options options)
    : options_(std::move(options)), folder_(options_.folder, options_.warn) {}

std::string DiskCache::file_name(std::string_view key) {
    return hash_name(key).append(kernel_suffix);
}

std::optional<KernelImage> DiskCache::load(std::string_view key) noexcept {
    try {
        const FileDescriptor folder = folder_.open(false);
        return folder ? load_from(folder.get(), key) : std::nullopt;
    } catch (const std::exception& error) {
        folder_.warn_once(CacheFolder::Trouble::unreadable, error.what());
        return std::nullopt;
    }
}

void DiskCache::store(std::string_view key, const KernelImage& image) noexcept {
    try {
        if (const FileDescriptor folder = folder_.open(true)) {
            store_in(folder.get(), key, image);
        }
    } catch (const std::exception& error) {
        folder_.warn_once(CacheFolder::Trouble::unwritable, error.what());
    }
}

void DiskCache::clear() noexcept {
    try {
        if (const FileDescriptor folder = folder_.open(false)) {
            bound(folder.get(), 0, 0);
        }
    } catch (const std::exception& error) {
        folder_.warn_once(CacheFolder::Trouble::unwritable, error.what());
    }
}

std::optional<KernelImage> DiskCache::load_from(int folder, std::string_view key) {
    const std::string name = file_name(key);
    const std::optional<CacheFolder::File> file = folder_.read(folder, name);
    if (!file) {
        return std::nullopt;
    }
    CacheEntry entry = read_cache_entry(key, file->bytes);
    if (entry.kind == CacheEntry::Kind::damaged) {
        folder_.warn_once(CacheFolder::Trouble::damaged,
                          fmt::format("the cached kernel {} is damaged; it is compiled again",
                                      (options_.folder / name).string()));
    }
    if (entry.kind != CacheEntry::Kind::match) {
        return std::nullopt;
    }
    futimens(file->descriptor.get(),
             nullptr);  // used now; on a read-only disk the order of use just stays unknown
    return std::move(entry.image);
}

void DiskCache::store_in(int folder, std::string_view key, const KernelImage& image) {
    const std::vector<std::byte> bytes = write_cache_entry(key, image);
    if (folder_.publish(folder, file_name(key), bytes)) {
        bound(folder, bytes.size(), options_.byte_limit);
    }
}

void DiskCache::bound(int folder, std::uint64_t added, std::uint64_t limit) {
    const std::lock_guard lock(bound_mutex_);
    if (known_bytes_ && (*known_bytes_ += added) <= limit) {
        return;
    }
    std::vector<CacheFile> kernels = list_kernels(options_.folder, folder);
    std::uint64_t bytes = 0;
    for (const CacheFile& kernel : kernels) {
        bytes += kernel.bytes;
    }
    for (const CacheFile& kernel : kernels) {
        if (bytes <= limit) {
            break;
        }
        if (unlinkat(folder, kernel.name.c_str(), 0) == 0 || errno == ENOENT) {
            bytes -= kernel.bytes;
        }
    }
    known_bytes_ = bytes;
}

}  // namespace latent::codegen::runtime
