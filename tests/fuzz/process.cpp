#include "tests/fuzz/process.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace latent::fuzz {

namespace {

void write_all(int descriptor, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t count = write(descriptor, text.data() + done, text.size() - done);
        if (count <= 0) {
            std::_Exit(EXIT_FAILURE);  // Nobody listens any more.
        }
        done += static_cast<std::size_t>(count);
    }
}

}  // namespace

ChildProcess::ChildProcess(const std::function<void(const Write&)>& body) {
    std::array<int, 2> ends{};
    std::fflush(nullptr);
    if (pipe(ends.data()) != 0 || (id_ = fork()) < 0) {
        throw std::runtime_error(fmt::format("no new process: {}", std::strerror(errno)));
    }
    descriptor_ = ends[0];
    if (id_ == 0) {
        close(ends[0]);
        body([&](const std::string& line) { write_all(ends[1], line + '\n'); });
        std::_Exit(EXIT_SUCCESS);
    }
    close(ends[1]);
}

ChildProcess::~ChildProcess() {
    if (id_ > 0) {
        kill(id_, SIGKILL);
        waitpid(id_, nullptr, 0);
    }
    close(descriptor_);
}

bool ChildProcess::read(const std::function<void(const std::string& line)>& handle) {
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(descriptor_, buffer.data(), buffer.size());
    if (count <= 0) {
        return false;
    }
    unread_.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = 0; (end = unread_.find('\n')) != std::string::npos;) {
        handle(unread_.substr(0, end));
        unread_.erase(0, end + 1);
    }
    return true;
}

std::string ChildProcess::wait() {
    int status = 0;
    waitpid(id_, &status, 0);
    id_ = -1;
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGALRM
                   ? "out of time"
                   : fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return WEXITSTATUS(status) == 0 ? "" : fmt::format("exit with {}", WEXITSTATUS(status));
}

}  // namespace latent::fuzz
