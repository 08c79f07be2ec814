#include "passes/partition/region_order.h"

#include <latent/errors.h>

#include <algorithm>

namespace latent::passes {

RegionOrder order_regions(const std::vector<std::vector<int>>& needs) {
    const std::size_t count = needs.size();
    std::vector<int> users(count, 0);
    for (const std::vector<int>& list : needs) {
        for (const int needed : list) {
            ++users[static_cast<std::size_t>(needed)];
        }
    }
    RegionOrder order;
    order.levels.assign(count, 0);
    for (std::size_t i = 0; i < count; ++i) {
        if (users[i] == 0) {
            order.sequence.push_back(static_cast<int>(i));
        }
    }
    for (std::size_t next = 0; next < order.sequence.size(); ++next) {
        const auto done = static_cast<std::size_t>(order.sequence[next]);
        for (const int needed : needs[done]) {
            int& level = order.levels[static_cast<std::size_t>(needed)];
            level = std::max(level, order.levels[done] + 1);
            if (--users[static_cast<std::size_t>(needed)] == 0) {
                order.sequence.push_back(needed);
            }
        }
    }
    if (order.sequence.size() != count) {
        throw InternalError("regions that need each other");
    }
    std::ranges::stable_sort(order.sequence, [&](int a, int b) {
        return order.levels[static_cast<std::size_t>(a)] >
               order.levels[static_cast<std::size_t>(b)];
    });
    return order;
}

}  // namespace latent::passes
