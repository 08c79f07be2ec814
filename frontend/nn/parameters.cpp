#include <latent/parameters.h>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace latent::detail {

std::int64_t element_count(std::span<const NamedTensor> tensors) {
    std::int64_t count = 0;
    for (const NamedTensor& named : tensors) {
        count += named.tensor.numel();
    }
    return count;
}

std::string table(std::span<const NamedTensor> tensors) {
    constexpr std::string_view row = "{:<{}}  {:<5}  {:<{}}  {:>{}}\n";
    const std::string total = std::to_string(element_count(tensors));
    std::size_t name_width = 5;
    std::size_t shape_width = 5;
    const std::size_t count_width = std::max<std::size_t>(total.size(), 8);
    for (const NamedTensor& named : tensors) {
        name_width = std::max(name_width, named.name.size());
        shape_width = std::max(shape_width, to_string(named.tensor.shape()).size());
    }
    std::string text;
    const auto add = [&](std::string_view name, std::string_view dtype, std::string_view shape,
                         std::string_view count) {
        fmt::format_to(std::back_inserter(text), row, name, name_width, dtype, shape, shape_width,
                       count, count_width);
    };
    add("name", "dtype", "shape", "elements");
    for (const NamedTensor& named : tensors) {
        add(named.name, name(named.tensor.dtype()), to_string(named.tensor.shape()),
            std::to_string(named.tensor.numel()));
    }
    add("total", "", "", total);
    return text;
}

}  // namespace latent::detail
