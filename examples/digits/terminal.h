#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace digits {

/// Formats as std::printf does.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

void print_title(const std::string& title);

/// One line of the terminal that fills up, with lines of text above it. Where standard output is
/// not a terminal only those lines are written.
class ProgressBar {
  public:
    explicit ProgressBar(std::size_t total);
    ProgressBar(const ProgressBar&) = delete;
    ProgressBar& operator=(const ProgressBar&) = delete;
    ~ProgressBar();

    /// One unit of work is done.
    void advance(const std::string& text);
    void print_line(const std::string& line);

  private:
    void draw(const std::string& text) const;
    void erase() const;

    std::size_t total_;
    std::size_t done_ = 0;
    bool is_terminal_;
    std::chrono::steady_clock::time_point drawn_;
};

}  // namespace digits
