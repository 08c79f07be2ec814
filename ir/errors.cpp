#include "ir/errors.h"

namespace latent::ir {

std::string to_string(const std::source_location& location) {
    if (location.line() == 0) {
        return {};
    }
    std::string_view file = location.file_name();
    if (const auto slash = file.rfind('/'); slash != std::string_view::npos) {
        file.remove_prefix(slash + 1);
    }
    return std::string(file) + ":" + std::to_string(location.line());
}

}  // namespace latent::ir
