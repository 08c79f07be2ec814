#include "kernels.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

namespace digits {

namespace {

constexpr std::size_t line_width = 100;
constexpr std::size_t heading_indent = 4;

/// `items` one after the other, in lines of at most `line_width`.
std::string wrapped(const std::vector<std::string>& items, std::size_t indent) {
    const std::string margin(indent, ' ');
    std::string text;
    std::string line;
    for (const std::string& item : items) {
        if (!line.empty() && line.size() + 1 + item.size() > line_width) {
            text += line + "\n";
            line.clear();
        }
        line += (line.empty() ? margin : " ") + item;
    }
    return line.empty() ? text : text + line + "\n";
}

/// "a, b, c" as "a,", "b,", "c".
std::vector<std::string> list_items(std::string_view list) {
    std::vector<std::string> items;
    while (!list.empty()) {
        const std::size_t comma = list.find(", ");
        items.emplace_back(list.substr(0, comma == list.npos ? comma : comma + 1));
        list.remove_prefix(comma == list.npos ? list.size() : comma + 2);
    }
    return items;
}

}  // namespace

std::string kernels_of(const std::string& explanation) {
    const std::size_t begin = std::min(explanation.find("Kernels"), explanation.size());
    const std::size_t end = explanation.find("\nStored values", begin);
    std::istringstream lines(explanation.substr(begin, end - begin));
    std::string text;
    std::string section;
    std::vector<std::string> directives;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
        if (indent <= heading_indent) {
            text += wrapped(directives, heading_indent + 2);
            directives.clear();
            section = line.substr(indent);
        }
        if (section == "schedule" && indent > heading_indent) {
            directives.push_back(line.substr(indent));
        } else if (section.starts_with("computes")) {
            text += wrapped(list_items(line.substr(indent)), heading_indent);
        } else if (section != "region") {
            text += line + "\n";
        }
    }
    return text + wrapped(directives, heading_indent + 2);
}

}  // namespace digits
