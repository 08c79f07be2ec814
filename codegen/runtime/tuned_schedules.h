#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "codegen/runtime/cache_folder.h"

namespace latent::codegen::runtime {

/// Schedules, and choices of what is fused, that were measured to be the fastest, as text under the
/// text of a key, in memory and in one text file of the folder of kernels. Thread-safe; processes
/// share the file.
///
/// A file that is damaged or cannot be used costs one warning and what it held. Nothing in it is
/// trusted: who asks for a schedule checks that it is one.
class TunedSchedules {
  public:
    /// The file inside the folder.
    static constexpr const char* file_name = "tuned_schedules.txt";
    /// Schedules that the file holds; beyond, those kept first go.
    static constexpr std::size_t most_schedules = 10'000;

    explicit TunedSchedules(CacheFolder& folder) : folder_(folder) {}

    /// The schedule kept under `key`. Reads the file at the first call.
    std::optional<std::string> find(std::string_view key);

    /// Whether there is none: then it is not worth making a key.
    bool empty();

    /// Where other processes find what is kept; empty for nowhere.
    std::filesystem::path file() const;

    /// Keeps a schedule, a line of text, in the place of what is under `key`: in memory, and unless
    /// `only_here` for other processes too.
    void keep(std::string_view key, std::string_view schedule, bool only_here = false);

  private:
    struct Entry {
        std::string name;  // a hash of the key
        std::string schedule;
    };

    void load();
    std::vector<Entry> read_file();
    void store(const Entry& entry);

    CacheFolder& folder_;
    std::mutex mutex_;
    bool loaded_ = false;
    std::unordered_map<std::string, std::string> schedules_;  // by the hash of the key
};

}  // namespace latent::codegen::runtime
