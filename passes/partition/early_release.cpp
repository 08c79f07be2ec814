#include "passes/partition/early_release.h"

#include <algorithm>
#include <utility>

namespace latent::passes {

namespace {

/// Less is not worth a launch of its own.
constexpr std::int64_t least_gain = 1 << 16;

std::size_t at(int i) {
    return static_cast<std::size_t>(i);
}

/// What is stored while regions run one after the other.
class Stored {
  public:
    explicit Stored(const StorageUses& stored)
        : uses_(stored.uses),
          values_(stored.values),
          users_left_(values_.size(), 0),
          is_stored_(values_.size(), false) {
        for (const std::vector<int>& list : uses_) {
            for (const int value : list) {
                ++users_left_[at(value)];
            }
        }
    }

    /// By how many bytes running `region` would shrink what is stored.
    std::int64_t gain(int region) const {
        std::int64_t bytes = 0;
        for (const int value : uses_[at(region)]) {
            bytes += is_last_use(value) ? values_[at(value)].bytes : 0;
            bytes -= is_stored_[at(value)] ? 0 : values_[at(value)].bytes;
        }
        return bytes;
    }

    /// Gives the values that have one user left now.
    std::vector<int> run(int region) {
        for (const int value : uses_[at(region)]) {
            now_ += is_stored_[at(value)] ? 0 : values_[at(value)].bytes;
            is_stored_[at(value)] = true;
        }
        peak_ = std::max(peak_, now_);
        std::vector<int> almost_done;
        for (const int value : uses_[at(region)]) {
            now_ -= is_last_use(value) ? values_[at(value)].bytes : 0;
            if (--users_left_[at(value)] == 1) {
                almost_done.push_back(value);
            }
        }
        return almost_done;
    }

    std::int64_t peak() const { return peak_; }

  private:
    bool is_last_use(int value) const {
        return users_left_[at(value)] == 1 && !values_[at(value)].is_result;
    }

    const std::vector<std::vector<int>>& uses_;
    const std::vector<StoredValue>& values_;
    std::vector<int> users_left_;
    std::vector<bool> is_stored_;
    std::int64_t now_ = 0, peak_ = 0;
};

/// Runs regions level by level, and between levels those that shrink what is stored.
class EarlyRelease {
  public:
    EarlyRelease(const RegionOrder& order, const std::vector<std::vector<int>>& needs,
                 const StorageUses& stored)
        : order_(order),
          stored_(stored),
          users_(stored.values.size()),
          waiting_(needs.size()),
          needed_by_(needs.size()),
          is_done_(needs.size(), false) {
        for (std::size_t i = 0; i < needs.size(); ++i) {
            waiting_[i] = needs[i].size();
            for (const int needed : needs[i]) {
                needed_by_[at(needed)].push_back(static_cast<int>(i));
            }
            for (const int value : stored.uses[i]) {
                users_[at(value)].push_back(static_cast<int>(i));
            }
        }
    }

    RegionOrder run() {
        for (auto first = order_.sequence.begin(); first != order_.sequence.end();) {
            const int level = order_.levels[at(*first)];
            const auto last = std::find_if(first, order_.sequence.end(), [&](int region) {
                return order_.levels[at(region)] != level;
            });
            std::vector<int> batch(first, last);
            std::erase_if(batch, [&](int region) { return is_done_[at(region)]; });
            run_batch(batch);
            run_what_shrinks();
            first = last;
        }
        RegionOrder result;
        result.levels.resize(order_.levels.size());
        for (std::size_t i = 0; i < batches_.size(); ++i) {
            for (const int region : batches_[i]) {
                result.sequence.push_back(region);
                result.levels[at(region)] = static_cast<int>(batches_.size() - 1 - i);
            }
        }
        return result;
    }

    std::int64_t peak() const { return stored_.peak(); }

  private:
    void run_what_shrinks() {
        while (!candidates_.empty()) {
            std::vector<int> batch = std::exchange(candidates_, {});
            std::ranges::sort(batch);
            const auto repeated = std::ranges::unique(batch);
            batch.erase(repeated.begin(), repeated.end());
            std::erase_if(batch, [&](int region) {
                return is_done_[at(region)] || waiting_[at(region)] > 0 ||
                       stored_.gain(region) < least_gain;
            });
            run_batch(batch);
        }
    }

    void run_batch(const std::vector<int>& batch) {
        if (batch.empty()) {
            return;
        }
        for (const int region : batch) {
            is_done_[at(region)] = true;
            for (const int value : stored_.run(region)) {
                const auto last = std::ranges::find_if(
                    users_[at(value)], [&](int user) { return !is_done_[at(user)]; });
                if (last != users_[at(value)].end()) {
                    candidates_.push_back(*last);
                }
            }
            for (const int user : needed_by_[at(region)]) {
                if (--waiting_[at(user)] == 0) {
                    candidates_.push_back(user);
                }
            }
        }
        batches_.push_back(batch);
    }

    const RegionOrder& order_;
    Stored stored_;
    std::vector<std::vector<int>> users_;  ///< of values
    std::vector<std::size_t> waiting_;     ///< for how many regions
    std::vector<std::vector<int>> needed_by_;
    std::vector<bool> is_done_;
    std::vector<int> candidates_;  ///< that may be ready and shrink what is stored
    std::vector<std::vector<int>> batches_;
};

}  // namespace

RegionOrder release_early(RegionOrder order, const std::vector<std::vector<int>>& needs,
                          const StorageUses& stored) {
    Stored as_given(stored);
    for (const int region : order.sequence) {
        as_given.run(region);
    }
    EarlyRelease early(order, needs, stored);
    RegionOrder changed = early.run();
    const bool is_worth_it = early.peak() + least_gain <= as_given.peak();
    return is_worth_it ? std::move(changed) : std::move(order);
}

}  // namespace latent::passes
