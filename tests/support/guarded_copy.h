#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>

#include "codegen/reference/array.h"

namespace latent::test {

/// A copy of an array that cannot be written to, and behind which no more is mapped than kernels
/// may read, so that one that writes to its input or reads further is caught. What may be read
/// behind it are NaNs.
class GuardedCopy : public ir::Storage {
  public:
    explicit GuardedCopy(const codegen::reference::Array& array) : size_(array.type().bytes()) {
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const std::size_t readable = size_ + ir::readable_past_end;
        const std::size_t usable = (readable + page - 1) / page * page;
        mapped_ = usable + page;
        memory_ =
            mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory_ == MAP_FAILED) {
            throw std::bad_alloc();
        }
        std::memset(memory_, 0xff, usable);
        data_ = static_cast<std::byte*>(memory_) + usable - readable;
        std::memcpy(data_, array.storage()->data(), size_);
        if (mprotect(memory_, usable, PROT_READ) != 0 ||
            mprotect(static_cast<std::byte*>(memory_) + usable, page, PROT_NONE) != 0) {
            munmap(memory_, mapped_);
            throw std::bad_alloc();
        }
    }
    ~GuardedCopy() override { munmap(memory_, mapped_); }

    std::byte* data() const noexcept override { return data_; }
    std::size_t size() const noexcept override { return size_; }

  private:
    std::size_t size_;
    void* memory_ = nullptr;
    std::size_t mapped_ = 0;
    std::byte* data_ = nullptr;
};

}  // namespace latent::test
