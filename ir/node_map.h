#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "ir/node.h"

namespace latent::ir {

/// A map from nodes to T: passes look nodes up by the million. Values lie in pages of neighbouring
/// ids, so that a walk over a graph, whose nodes were mostly created one after the other, stays in
/// cache. References to values stay valid.
template <typename T>
class NodeMap {
  public:
    explicit NodeMap(std::size_t expected = 0) { grow(expected / page_size * 2); }

    std::size_t size() const { return count_; }

    /// Null if absent.
    T* find(const Node* node) {
        const std::uint32_t index = page_index_[probe(node->id() / page_size)];
        if (index == none) {
            return nullptr;
        }
        Page& page = pages_[index];
        const std::size_t place = node->id() % page_size;
        return (page.present >> place & 1) != 0 ? &page.values[place] : nullptr;
    }
    const T* find(const Node* node) const { return const_cast<NodeMap*>(this)->find(node); }
    bool contains(const Node* node) const { return find(node) != nullptr; }

    const T& at(const Node* node) const {
        const T* found = find(node);
        if (found == nullptr) {
            throw InternalError("a node that a pass has not seen");
        }
        return *found;
    }

    /// The value of `node`, and whether it was inserted by this call.
    std::pair<T&, bool> insert(const Node* node, T value) {
        Page& page = page_of(node->id() / page_size);
        const std::size_t place = node->id() % page_size;
        const bool inserted = (page.present >> place & 1) == 0;
        if (inserted) {
            page.present |= 1U << place;
            page.values[place] = std::move(value);
            ++count_;
        }
        return {page.values[place], inserted};
    }

    T& operator[](const Node* node) { return insert(node, T{}).first; }

    /// The values in the order in which their nodes were created.
    std::vector<T> in_order() const {
        std::vector<std::pair<std::uint64_t, const Page*>> sorted;
        sorted.reserve(pages_.size());
        for (const Page& page : pages_) {
            sorted.emplace_back(page.number, &page);
        }
        std::ranges::sort(sorted);
        std::vector<T> values;
        values.reserve(count_);
        for (const auto& [number, page] : sorted) {
            for (std::uint32_t left = page->present; left != 0; left &= left - 1) {
                values.push_back(page->values[static_cast<std::size_t>(std::countr_zero(left))]);
            }
        }
        return values;
    }

  private:
    static constexpr std::size_t page_size = 32;

    static constexpr std::uint32_t none = ~std::uint32_t{0};

    struct Page {
        std::uint64_t number = 0;
        std::uint32_t present = 0;
        std::array<T, page_size> values{};
    };

    /// Where the index of page `number` is, or would be.
    std::size_t probe(std::uint64_t number) const {
        const std::size_t mask = page_index_.size() - 1;
        std::size_t i = (number * 0x9e3779b97f4a7c15ULL >> 32) & mask;
        while (page_index_[i] != none && pages_[page_index_[i]].number != number) {
            i = (i + 1) & mask;
        }
        return i;
    }

    Page& page_of(std::uint64_t number) {
        std::size_t i = probe(number);
        if (page_index_[i] == none) {
            if ((pages_.size() + 1) * 3 > page_index_.size() * 2) {
                grow(page_index_.size() * 2);
                i = probe(number);
            }
            page_index_[i] = static_cast<std::uint32_t>(pages_.size());
            pages_.emplace_back().number = number;
        }
        return pages_[page_index_[i]];
    }

    void grow(std::size_t wanted) {
        page_index_.assign(std::bit_ceil(std::max<std::size_t>(wanted, 8)), none);
        for (std::uint32_t page = 0; page < pages_.size(); ++page) {
            page_index_[probe(pages_[page].number)] = page;
        }
    }

    std::vector<std::uint32_t> page_index_;
    std::deque<Page> pages_;
    std::size_t count_ = 0;
};

}  // namespace latent::ir
