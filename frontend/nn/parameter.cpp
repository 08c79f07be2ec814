#include "frontend/nn/parameter.h"

#include <latent/creation.h>

#include <fmt/format.h>

#include "frontend/tensor/arguments.h"

namespace latent::detail {

void require_positive(std::int64_t size, std::string_view what, std::string_view layer,
                      const std::source_location& location) {
    if (size < 1) {
        ir::raise<ValueError>(location,
                              fmt::format("{}: {} must be at least 1, got {}", layer, what, size));
    }
}

void require_floating(DType dtype, std::string_view layer, const std::source_location& location) {
    if (!is_floating(dtype)) {
        ir::raise<TypeError>(
            location, fmt::format("{}: parameters are floating, not {}", layer, name(dtype)));
    }
}

Tensor initial_parameter(const nn::Initializer& initializer, Key key, const Shape& shape,
                         const nn::Fans& fans, DType dtype, std::string_view layer,
                         const std::source_location& location) {
    require_floating(dtype, layer, location);
    const Tensor value = initializer(key, shape, fans, dtype);
    if (value.shape() != shape) {
        ir::raise<ShapeError>(location,
                              fmt::format("{}: the initialiser gave shape {}, not {}", layer,
                                          to_string(value.shape()), to_string(shape)));
    }
    return leaf(value, location);
}

}  // namespace latent::detail
