#include "terminal.h"

#include <unistd.h>

#include <cstdarg>
#include <cstdio>

namespace digits {

namespace {

constexpr std::size_t bar_width = 32;
constexpr auto redraw_interval = std::chrono::milliseconds(40);
constexpr const char* erase_line = "\r\x1b[K";

}  // namespace

std::string format(const char* pattern, ...) {
    std::va_list arguments;
    va_start(arguments, pattern);
    std::va_list measured;
    va_copy(measured, arguments);
    const int length = std::vsnprintf(nullptr, 0, pattern, measured);
    va_end(measured);
    std::string text(static_cast<std::size_t>(length), '\0');
    std::vsnprintf(text.data(), text.size() + 1, pattern, arguments);
    va_end(arguments);
    return text;
}

void print_title(const std::string& title) {
    std::printf("\n%s\n%s\n", title.c_str(), std::string(title.size(), '=').c_str());
}

ProgressBar::ProgressBar(std::size_t total)
    : total_(total), is_terminal_(isatty(STDOUT_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
    erase();
}

void ProgressBar::advance(const std::string& text) {
    ++done_;
    const auto now = std::chrono::steady_clock::now();
    if (is_terminal_ && now - drawn_ >= redraw_interval) {
        drawn_ = now;
        draw(text);
    }
}

void ProgressBar::print_line(const std::string& line) {
    erase();
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
}

void ProgressBar::draw(const std::string& text) const {
    const std::size_t filled = bar_width * done_ / total_;
    const std::string bar = std::string(filled, '#') + std::string(bar_width - filled, '-');
    std::printf("%s  [%s] %s", erase_line, bar.c_str(), text.c_str());
    std::fflush(stdout);
}

void ProgressBar::erase() const {
    if (is_terminal_) {
        std::fputs(erase_line, stdout);
        std::fflush(stdout);
    }
}

}  // namespace digits
