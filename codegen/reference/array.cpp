#include "codegen/reference/array.h"

#include <fmt/format.h>
#include <latent/errors.h>

#include <algorithm>
#include <memory>
#include <new>

namespace latent::codegen::reference {

namespace {

/// A cache line, and the widest vector there is.
constexpr std::align_val_t alignment{64};

struct AlignedDelete {
    void operator()(std::byte* bytes) const { ::operator delete(bytes, alignment); }
};

class HeapStorage final : public ir::Storage {
  public:
    explicit HeapStorage(std::size_t size)
        : size_(size),
          bytes_(static_cast<std::byte*>(::operator new(size + ir::readable_past_end, alignment))) {
    }

    std::byte* data() const noexcept override { return bytes_.get(); }
    std::size_t size() const noexcept override { return size_; }

  private:
    std::size_t size_;
    std::unique_ptr<std::byte, AlignedDelete> bytes_;
};

}  // namespace

ir::StorageRef allocate_from_heap(std::size_t bytes) {
    try {
        return std::make_shared<HeapStorage>(bytes);
    } catch (const std::bad_alloc&) {
        throw OutOfMemory(fmt::format("no memory for {} bytes", bytes));
    }
}

Array::Array(const ir::Type& type) : type_(type), storage_(allocate_from_heap(type.bytes())) {
    std::fill_n(storage_->data(), storage_->size(), std::byte{0});
}

Array::Array(const ir::Type& type, ir::StorageRef storage)
    : type_(type), storage_(std::move(storage)) {
    if (storage_ == nullptr || storage_->size() < type.bytes()) {
        throw ValueError(fmt::format("{} needs {} bytes, got {}", ir::to_string(type), type.bytes(),
                                     storage_ == nullptr ? 0 : storage_->size()));
    }
}

void Array::require_dtype(DType dtype) const {
    if (dtype != type_.dtype) {
        throw TypeError(fmt::format("{} was read as {}", ir::to_string(type_), name(dtype)));
    }
}

void Array::require_count(std::size_t count) const {
    if (count != static_cast<std::size_t>(type_.element_count())) {
        throw ValueError(fmt::format("{} elements given for {}", count, ir::to_string(type_)));
    }
}

}  // namespace latent::codegen::reference
