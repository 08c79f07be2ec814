#include "codegen/runtime/cache_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

namespace latent::codegen::runtime {
namespace {

bool is_private(int descriptor) {
    struct stat status{};
    return fstat(descriptor, &status) == 0 && status.st_uid == geteuid() &&
           (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

CacheFolder::CacheFolder(std::filesystem::path path, WarningHandler warn)
    : path_(std::move(path)), warn_(std::move(warn)) {}

FileDescriptor CacheFolder::open(bool create) {
    if (path_.empty()) {
        return FileDescriptor();
    }
    const char* const path = path_.c_str();
    FileDescriptor folder(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder && errno == ENOENT && create) {
        std::error_code ignored;  // what failed shows when the folder is opened
        std::filesystem::create_directories(path_.parent_path(), ignored);
        mkdir(path, 0700);
        folder = FileDescriptor(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
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

std::optional<CacheFolder::File> CacheFolder::read(int folder, const std::string& name) {
    FileDescriptor file(
        openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file && errno == ENOENT) {
        return std::nullopt;
    }
    if (file && !is_private(file.get())) {
        warn_once(Trouble::foreign, fmt::format("the cached file {} is ignored: it must belong to "
                                                "you and not be writable by others",
                                                (path_ / name).string()));
        return std::nullopt;
    }
    auto bytes = file ? read_all(file.get()) : std::nullopt;
    if (!bytes) {
        warn_once(Trouble::unreadable, fmt::format("cannot read the cached file {}: {}",
                                                   (path_ / name).string(), error_text(errno)));
        return std::nullopt;
    }
    return File{std::move(file), *std::move(bytes)};
}

bool CacheFolder::publish(int folder, const std::string& name, std::span<const std::byte> bytes) {
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
                              path_.string(), error_text(error)));
    }
    return published;
}

void CacheFolder::warn_once(Trouble trouble, const std::string& message) noexcept {
    const auto bit = static_cast<unsigned>(trouble);
    if ((warned_.fetch_or(bit, std::memory_order_relaxed) & bit) == 0) {
        warn_(message);
    }
}

}  // namespace latent::codegen::runtime
