#include "ir/size_limits.h"

#include <algorithm>

namespace latent::ir {

bool is_countable(std::span<const std::int64_t> shape, DType dtype) {
    auto bytes = static_cast<std::int64_t>(byte_size(dtype));
    for (const std::int64_t extent : shape) {
        if (__builtin_mul_overflow(bytes, std::max<std::int64_t>(extent, 1), &bytes)) {
            return false;
        }
    }
    return true;
}

}  // namespace latent::ir
