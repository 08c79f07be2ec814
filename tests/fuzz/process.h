#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace latent::fuzz {

/// A forked child of this process and the lines that it writes. The parent must have one thread.
class ChildProcess {
  public:
    /// Runs `body` in a child, which then exits. What `body` is given writes one line.
    using Write = std::function<void(const std::string& line)>;
    explicit ChildProcess(const std::function<void(const Write&)>& body);
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    /// Ends the child if it still runs.
    ~ChildProcess();

    /// Where its lines can be read, for poll.
    int descriptor() const { return descriptor_; }
    /// Reads what is there, or waits for something, and hands on each complete line. False at the
    /// end.
    bool read(const std::function<void(const std::string& line)>& handle);
    /// Waits for the end; how it ended, in words, if not well.
    std::string wait();

  private:
    pid_t id_ = -1;
    int descriptor_ = -1;
    std::string unread_;
};

}  // namespace latent::fuzz
