#include <latent/tensor.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "frontend/tensor/arguments.h"

namespace latent {

namespace {

/// Larger tensors show only so many elements at each end of each dimension.
constexpr std::int64_t largest_whole = 1000;
constexpr std::int64_t edge_items = 3;

template <typename T>
T load(const std::byte* bytes, std::int64_t index) {
    T value;
    std::memcpy(&value, bytes + static_cast<std::size_t>(index) * sizeof(T), sizeof(T));
    return value;
}

std::string element_text(DType dtype, const std::byte* bytes, std::int64_t index) {
    switch (dtype) {
        case DType::boolean:
            return load<std::uint8_t>(bytes, index) != 0 ? "true" : "false";
        case DType::u8:
            return fmt::format("{}", load<std::uint8_t>(bytes, index));
        case DType::i8:
            return fmt::format("{}", load<std::int8_t>(bytes, index));
        case DType::i16:
            return fmt::format("{}", load<std::int16_t>(bytes, index));
        case DType::i32:
            return fmt::format("{}", load<std::int32_t>(bytes, index));
        case DType::i64:
            return fmt::format("{}", load<std::int64_t>(bytes, index));
        case DType::f16:
            return fmt::format("{:.4g}", static_cast<float>(load<float16>(bytes, index)));
        case DType::bf16:
            return fmt::format("{:.3g}", static_cast<float>(load<bfloat16>(bytes, index)));
        case DType::f32:
            return fmt::format("{:.6g}", load<float>(bytes, index));
        case DType::f64:
            return fmt::format("{:.6g}", load<double>(bytes, index));
    }
    throw InternalError("a value of no dtype");
}

/// Nested brackets, as NumPy prints them.
class ArrayText {
  public:
    ArrayText(const ir::Type& type, const std::byte* bytes)
        : type_(type), bytes_(bytes), is_shortened_(type.element_count() > largest_whole) {}

    std::string text() const {
        if (type_.rank() == 0) {
            return element_text(type_.dtype, bytes_, 0);
        }
        const std::vector<std::int64_t> shown = shown_elements();
        std::vector<std::string> elements;
        std::size_t width = 0;
        for (const std::int64_t index : shown) {
            elements.push_back(element_text(type_.dtype, bytes_, index));
            width = std::max(width, elements.back().size());
        }
        std::string result;
        std::size_t next = 0;
        write(result, 0, elements, width, next);
        return result;
    }

  private:
    /// Positions along a dimension that are shown; -1 stands for those left out.
    std::vector<std::int64_t> shown_positions(std::size_t axis) const {
        const std::int64_t extent = type_.shape[axis];
        std::vector<std::int64_t> positions;
        for (std::int64_t i = 0; i < extent; ++i) {
            if (is_shortened_ && extent > 2 * edge_items && i == edge_items) {
                positions.push_back(-1);
                i = extent - edge_items;
            }
            positions.push_back(i);
        }
        return positions;
    }

    /// Row-major indices of the elements that are shown.
    std::vector<std::int64_t> shown_elements() const {
        std::vector<std::int64_t> indices{0};
        for (std::size_t axis = 0; axis < type_.rank(); ++axis) {
            std::vector<std::int64_t> longer;
            for (const std::int64_t index : indices) {
                for (const std::int64_t position : shown_positions(axis)) {
                    if (position >= 0) {
                        longer.push_back(index * type_.shape[axis] + position);
                    }
                }
            }
            indices = std::move(longer);
        }
        return indices;
    }

    /// The brackets of dimension `axis`.
    // NOLINTNEXTLINE(misc-no-recursion): no deeper than the rank.
    void write(std::string& text, std::size_t axis, const std::vector<std::string>& elements,
               std::size_t width, std::size_t& next) const {
        const bool is_innermost = axis + 1 == type_.rank();
        const std::string separator =
            is_innermost ? " "
                         : std::string(type_.rank() - axis - 1, '\n') + std::string(axis + 1, ' ');
        text += '[';
        bool is_first = true;
        for (const std::int64_t position : shown_positions(axis)) {
            text += is_first ? "" : separator;
            is_first = false;
            if (position < 0) {
                text += "...";
            } else if (is_innermost) {
                text += fmt::format("{:>{}}", elements[next++], width);
            } else {
                write(text, axis + 1, elements, width, next);
            }
        }
        text += ']';
    }

    const ir::Type& type_;
    const std::byte* bytes_;
    bool is_shortened_;
};

}  // namespace

std::ostream& operator<<(std::ostream& stream, const Tensor& tensor) {
    if (!tensor.is_defined()) {
        return stream << "Tensor()";
    }
    const ir::Node& value = detail::node_of(tensor, std::source_location{});
    const ir::StorageRef storage = value.slot().storage();
    stream << "Tensor(" << to_string(value.type()) << ",";
    if (storage == nullptr) {
        return stream << " not evaluated)";
    }
    const std::string text = ArrayText(value.type(), storage->data()).text();
    return stream << (text.find('\n') == std::string::npos ? " " : "\n") << text << ')';
}

}  // namespace latent
