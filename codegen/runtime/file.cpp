#include "codegen/runtime/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "codegen/runtime/environment.h"
#include "ir/errors.h"

namespace latent::codegen::runtime {

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

FileDescriptor::~FileDescriptor() {
    if (descriptor_ >= 0) {
        close(descriptor_);
    }
}

TemporaryFolder::TemporaryFolder() {
    const std::filesystem::path parent = environment_text("TMPDIR").value_or("/tmp");
    std::string name = parent / "latent-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
        throw CompileError(fmt::format(
            "cannot make a temporary folder in {}: {}; set TMPDIR to a folder that can be written",
            parent.string(), error_text(errno)));
    }
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

bool write_all(int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return true;
}

std::optional<std::vector<std::byte>> read_all(int descriptor) {
    struct stat status{};
    if (fstat(descriptor, &status) != 0) {
        return std::nullopt;
    }
    // One byte more than the file has, so that its end shows without another allocation.
    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size) + 1);
    std::size_t filled = 0;
    while (true) {
        const ssize_t got = read(descriptor, bytes.data() + filled, bytes.size() - filled);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return std::nullopt;
        }
        if (got == 0) {
            bytes.resize(filled);
            return bytes;
        }
        filled += static_cast<std::size_t>(got);
        if (filled == bytes.size()) {
            bytes.resize(2 * filled);
        }
    }
}

bool write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    return file && write_all(file.get(), bytes);
}

std::optional<std::vector<std::byte>> read_file(const std::filesystem::path& path) {
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    return file ? read_all(file.get()) : std::nullopt;
}

std::string error_text(int error) {
    return std::generic_category().message(error);
}

}  // namespace latent::codegen::runtime
