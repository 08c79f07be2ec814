#include "codegen/runtime/tuned_schedules.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codegen/runtime/hash.h"

namespace latent::codegen::runtime {
namespace {

// The file: this line; a line for each schedule, the hash of its key and its text; and last a
// checksum of all lines before.
constexpr std::string_view first_line = "latent tuned schedules, format 1\n";
constexpr std::string_view checksum_word = "checksum ";

std::string checksum_line(std::string_view text) {
    return fmt::format("{}{}\n", checksum_word, hash_name(text));
}

/// What is between the first line and the checksum; nothing where either is not right.
std::optional<std::string_view> checked_lines(std::string_view text) {
    const std::size_t checksum = text.rfind(checksum_word);
    if (!text.starts_with(first_line) || checksum == std::string_view::npos ||
        text.substr(checksum) != checksum_line(text.substr(0, checksum))) {
        return std::nullopt;
    }
    return text.substr(first_line.size(), checksum - first_line.size());
}

}  // namespace

std::optional<std::string> TunedSchedules::find(std::string_view key) {
    const std::lock_guard lock(mutex_);
    load();
    const auto found = schedules_.find(hash_name(key));
    return found == schedules_.end() ? std::nullopt : std::optional(found->second);
}

bool TunedSchedules::empty() {
    const std::lock_guard lock(mutex_);
    load();
    return schedules_.empty();
}

std::filesystem::path TunedSchedules::file() const {
    return folder_.path().empty() ? std::filesystem::path() : folder_.path() / file_name;
}

void TunedSchedules::keep(std::string_view key, std::string_view schedule, bool only_here) {
    const Entry entry{hash_name(key), std::string(schedule)};
    const std::lock_guard lock(mutex_);
    load();
    schedules_[entry.name] = entry.schedule;
    if (!only_here) {
        store(entry);
    }
}

void TunedSchedules::load() {
    if (loaded_) {
        return;
    }
    loaded_ = true;
    for (Entry& entry : read_file()) {
        schedules_[entry.name] = std::move(entry.schedule);
    }
}

std::vector<TunedSchedules::Entry> TunedSchedules::read_file() {
    const FileDescriptor folder = folder_.open(false);
    const std::optional<CacheFolder::File> read =
        folder ? folder_.read(folder.get(), file_name) : std::nullopt;
    if (!read) {
        return {};
    }
    const std::string_view text(reinterpret_cast<const char*>(read->bytes.data()),
                                read->bytes.size());
    const std::optional<std::string_view> lines = checked_lines(text);
    if (!lines) {
        folder_.warn_once(
            CacheFolder::Trouble::damaged,
            fmt::format("{} is damaged; what is kept in it is not used", file().string()));
        return {};
    }
    std::vector<Entry> entries;
    std::string_view rest = *lines;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        const std::string_view name = line.substr(0, line.find(' '));
        entries.push_back(
            {std::string(name), std::string(line.substr(std::min(name.size() + 1, line.size())))});
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    return entries;
}

void TunedSchedules::store(const Entry& entry) {
    // With what other processes have kept meanwhile. Two that do this at once may lose the schedule
    // of one.
    std::vector<Entry> entries = read_file();
    std::erase_if(entries, [&](const Entry& other) { return other.name == entry.name; });
    entries.push_back(entry);
    if (entries.size() > most_schedules) {
        entries.erase(entries.begin());
    }
    std::string text(first_line);
    for (const Entry& kept : entries) {
        text += fmt::format("{} {}\n", kept.name, kept.schedule);
    }
    text += checksum_line(text);
    if (const FileDescriptor folder = folder_.open(true)) {
        folder_.publish(folder.get(), file_name, std::as_bytes(std::span(text)));
    }
}

}  // namespace latent::codegen::runtime
