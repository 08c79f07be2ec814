#include "tests/fuzz/campaign.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <sstream>

#include "tests/fuzz/process.h"

namespace latent::fuzz {

namespace {

/// Cases of one child: enough to share the time it takes to load the compiler.
constexpr std::uint64_t batch_size = 200;

std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

/// What is wrong with a case, exceptions included.
std::string check_all(const Case& example, bool thoroughly, Statistics& statistics) {
    try {
        return check(example, thoroughly, statistics);
    } catch (const std::exception& error) {
        return fmt::format("exception: {}", error.what());
    }
}

/// Cases [begin, end), and the child that is at one of them.
struct Batch {
    std::uint64_t next;
    std::uint64_t end;
    std::unique_ptr<ChildProcess> child;
};

std::unique_ptr<ChildProcess> start(const CampaignOptions& options, const Batch& batch) {
    return std::make_unique<ChildProcess>([&](const ChildProcess::Write& write) {
        Statistics statistics;
        for (std::uint64_t index = batch.next; index < batch.end; ++index) {
            write(fmt::format("begin {}", index));
            alarm(options.seconds_per_graph);
            const Case example = make_case(options.seed, index);
            const std::string wrong =
                check_all(example, is_checked_thoroughly(example), statistics);
            if (!wrong.empty()) {
                write(fmt::format("fail {} {}", index, one_line(wrong)));
            }
        }
        write(fmt::format("count {} {} {}", statistics.kernels, statistics.launches,
                          fmt::join(statistics.ops, " ")));
    });
}

Statistics parse_statistics(std::istringstream& words) {
    Statistics statistics;
    words >> statistics.kernels >> statistics.launches;
    for (std::uint64_t& count : statistics.ops) {
        words >> count;
    }
    return statistics;
}

void handle_line(const std::string& line, Batch& batch, CampaignReport& report) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "begin") {
        words >> batch.next;
        ++batch.next;
        ++report.graphs;
    } else if (kind == "fail") {
        CaseFailure& failure = report.failures.emplace_back();
        words >> failure.index >> std::ws;
        std::getline(words, failure.message);
    } else {
        report.statistics += parse_statistics(words);
    }
}

}  // namespace

bool is_checked_thoroughly(const Case& example) {
    return example.data_seed % 8 == 0;
}

std::string check_apart(const Case& example, bool thoroughly, unsigned seconds) {
    ChildProcess child([&](const ChildProcess::Write& write) {
        alarm(seconds);
        Statistics statistics;
        write(one_line(check_all(example, thoroughly, statistics)));
    });
    std::string message;
    while (child.read([&](const std::string& line) { message += line; })) {
    }
    const std::string end = child.wait();
    return end.empty() ? message : end;
}

CampaignReport run_campaign(const CampaignOptions& options,
                            const std::function<void(const CampaignReport&)>& on_progress) {
    CampaignReport report;
    std::uint64_t next = options.first;
    const std::uint64_t end = options.first + options.graphs;
    std::deque<Batch> running;
    while (next < end || !running.empty()) {
        while (next < end && running.size() < static_cast<std::size_t>(options.jobs)) {
            Batch& batch = running.emplace_back(next, std::min(end, next + batch_size), nullptr);
            batch.child = start(options, batch);
            next = batch.end;
        }
        std::vector<pollfd> waiting;
        for (const Batch& batch : running) {
            waiting.push_back({batch.child->descriptor(), POLLIN, 0});
        }
        poll(waiting.data(), waiting.size(), -1);
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            Batch& batch = running[i];
            if (waiting[i].revents == 0 || batch.child->read([&](const std::string& line) {
                    handle_line(line, batch, report);
                })) {
                continue;
            }
            if (const std::string crash = batch.child->wait(); !crash.empty()) {
                report.failures.push_back({batch.next - 1, crash});
                batch.child = batch.next < batch.end ? start(options, batch) : nullptr;
            } else {
                batch.child = nullptr;
            }
        }
        std::erase_if(running, [](const Batch& batch) { return batch.child == nullptr; });
        on_progress(report);
    }
    return report;
}

}  // namespace latent::fuzz
