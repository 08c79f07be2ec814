#include "codegen/runtime/disk_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <exception>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "codegen/runtime/disk_cache_entry.h"
#include "codegen/runtime/environment.h"
#include "codegen/runtime/hash.h"

namespace latent::codegen::runtime {
namespace {

constexpr std::string_view kernel_suffix = ".kernel";
constexpr std::string_view temporary_suffix = ".tmp";
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
        const bool is_temporary = name.ends_with(temporary_suffix);
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

DiskCache::DiskCache(Options options) : options_(std::move(options)) {}

std::string DiskCache::file_name(std::string_view key) {
    return hash_name(key).append(kernel_suffix);
}

std::optional<KernelImage> DiskCache::load(std::string_view key) noexcept {
    try {
        const FileDescriptor folder = open_folder(false);
        return folder ? load_from(folder.get(), key) : std::nullopt;
    } catch (const std::exception& error) {
        warn_once(Trouble::unreadable, error.what());
        return std::nullopt;
    }
}

void DiskCache::store(std::string_view key, const KernelImage& image) noexcept {
    try {
        if (const FileDescriptor folder = open_folder(true)) {
            store_in(folder.get(), key, image);
        }
    } catch (const std::exception& error) {
        warn_once(Trouble::unwritable, error.what());
    }
}

void DiskCache::clear() noexcept {
    try {
        if (const FileDescriptor folder = open_folder(false)) {
            bound(folder.get(), 0, 0);
        }
    } catch (const std::exception& error) {
        warn_once(Trouble::unwritable, error.what());
    }
}

FileDescriptor DiskCache::open_folder(bool create) {
    if (options_.folder.empty()) {
        return FileDescriptor();
    }
    const char* const path = options_.folder.c_str();
    FileDescriptor folder(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder && errno == ENOENT && create) {
        std::error_code ignored;  // what failed shows when the folder is opened
        std::filesystem::create_directories(options_.folder.parent_path(), ignored);
        mkdir(path, 0700);
        folder = FileDescriptor(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    if (!folder) {
        if (create || errno != ENOENT) {
            warn_once(Trouble::folder,
                      fmt::format("kernels are not kept on disk: cannot open {}: {}", path,
                                  error_text(errno)));
        }
        return folder;
    }
    if (!is_private(folder.get())) {
        warn_once(Trouble::foreign, fmt::format("the kernel cache {} is ignored: it must belong to "
                                                "you and not be writable by others (chmod 700)",
                                                path));
        return FileDescriptor();
    }
    return folder;
}

bool DiskCache::is_private(int descriptor) const {
    struct stat status{};
    return fstat(descriptor, &status) == 0 && status.st_uid == geteuid() &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::optional<KernelImage> DiskCache::load_from(int folder, std::string_view key) {
    const std::string name = file_name(key);
    const FileDescriptor file(
        openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file && errno == ENOENT) {
        return std::nullopt;
    }
    const auto describe_file = [&] { return (options_.folder / name).string(); };
    if (file && !is_private(file.get())) {
        warn_once(Trouble::foreign, fmt::format("the cached kernel {} is ignored: it must belong "
                                                "to you and not be writable by others",
                                                describe_file()));
        return std::nullopt;
    }
    const auto bytes = file ? read_all(file.get()) : std::nullopt;
    if (!bytes) {
        warn_once(Trouble::unreadable,
                  fmt::format("cannot read the cached kernel {}: {}; it is compiled again",
                              describe_file(), error_text(errno)));
        return std::nullopt;
    }
    CacheEntry entry = read_cache_entry(key, *bytes);
    if (entry.kind == CacheEntry::Kind::damaged) {
        warn_once(
            Trouble::damaged,
            fmt::format("the cached kernel {} is damaged; it is compiled again", describe_file()));
    }
    if (entry.kind != CacheEntry::Kind::match) {
        return std::nullopt;
    }
    futimens(file.get(),
             nullptr);  // used now; on a read-only disk the order of use just stays unknown
    return std::move(entry.image);
}

void DiskCache::store_in(int folder, std::string_view key, const KernelImage& image) {
    const std::vector<std::byte> bytes = write_cache_entry(key, image);
    if (publish(folder, file_name(key), bytes)) {
        bound(folder, bytes.size(), options_.byte_limit);
    }
}

bool DiskCache::publish(int folder, const std::string& name, std::span<const std::byte> bytes) {
    // Random rather than counted: processes of several containers, with equal ids, may share the
    // folder.
    std::random_device random;
    const std::string temporary =
        fmt::format("{}.{:08x}{:08x}{}", name, random(), random(), temporary_suffix);
    const FileDescriptor file(openat(folder, temporary.c_str(),
                                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    const bool published = file && write_all(file.get(), bytes) &&
                           renameat(folder, temporary.c_str(), folder, name.c_str()) == 0;
    if (!published) {
        const int error = errno;
        unlinkat(folder, temporary.c_str(), 0);
        warn_once(Trouble::unwritable,
                  fmt::format("kernels are not kept on disk: cannot write to {}: {}",
                              options_.folder.string(), error_text(error)));
    }
    return published;
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

void DiskCache::warn_once(Trouble trouble, const std::string& message) noexcept {
    const auto bit = static_cast<unsigned>(trouble);
    if ((warned_.fetch_or(bit, std::memory_order_relaxed) & bit) == 0) {
        options_.warn(message);
    }
}

}  // namespace latent::codegen::runtime
