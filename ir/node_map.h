#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "ir/node.h"
#include "ir/small_vector.h"

namespace latent::ir {

/// A map from nodes to T: passes look nodes up by the million. Values lie in pages of neighbouring
/// ids, so that a walk over a graph, whose nodes were mostly created one after the other, stays in
/// cache. References to values stay valid.
template <typename T>
class NodeMap {
  public:
    NodeMap() = default;
    explicit NodeMap(std::size_t expected) { grow(expected / page_size * 2); }
    NodeMap(const NodeMap& other) : count_(other.count_) {
        pages_.reserve(other.pages_.size());
        for (const std::unique_ptr<Page>& page : other.pages_) {
            pages_.push_back(std::make_unique<Page>(*page));
        }
        grow(other.page_index_.size());
    }
    NodeMap(NodeMap&& other) noexcept
        : pages_(std::move(other.pages_)),
          page_index_(std::move(other.page_index_)),
          last_(std::exchange(other.last_, nullptr)),
          count_(std::exchange(other.count_, 0)) {}
    NodeMap& operator=(NodeMap other) noexcept {
        std::swap(pages_, other.pages_);
        std::swap(page_index_, other.page_index_);
        std::swap(last_, other.last_);
        std::swap(count_, other.count_);
        return *this;
    }
    ~NodeMap() = default;

    std::size_t size() const { return count_; }

    /// Without values again, but with the memory for as many. Values that own something keep it
    /// until others come in their place.
    void clear() {
        std::swap(spare_, pages_);
        std::move(pages_.begin(), pages_.end(), std::back_inserter(spare_));
        pages_.clear();
        page_index_.assign(page_index_.empty() ? 0 : least_index, nullptr);
        last_ = nullptr;
        count_ = 0;
    }

    /// Null if absent.
    T* find(const Node* node) {
        Page* page = page_index_.empty() ? nullptr : page_index_[probe(node->id() / page_size)];
        const std::size_t place = node->id() % page_size;
        return page != nullptr && (page->present >> place & 1) != 0 ? &page->values[place]
                                                                    : nullptr;
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
        for (const std::unique_ptr<Page>& page : pages_) {
            sorted.emplace_back(page->number, page.get());
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
    static constexpr std::size_t least_index = 8;

    struct Page {
        std::uint64_t number = 0;
        std::uint32_t present = 0;
        std::array<T, page_size> values{};
    };

    /// Where the index of page `number` is, or would be.
    std::size_t probe(std::uint64_t number) const {
        const std::size_t mask = page_index_.size() - 1;
        std::size_t i = (number * 0x9e3779b97f4a7c15ULL >> 32) & mask;
        while (page_index_[i] != nullptr && page_index_[i]->number != number) {
            i = (i + 1) & mask;
        }
        return i;
    }

    Page& page_of(std::uint64_t number) {
        // Neighbours mostly come one after the other.
        if (last_ == nullptr || last_->number != number) {
            last_ = &page_in_index(number);
        }
        return *last_;
    }

    std::unique_ptr<Page> empty_page() {
        if (spare_.empty()) {
            return std::make_unique<Page>();
        }
        std::unique_ptr<Page> page = std::move(spare_.back());
        spare_.pop_back();
        page->present = 0;
        return page;
    }

    Page& page_in_index(std::uint64_t number) {
        if ((pages_.size() + 1) * 3 > page_index_.size() * 2) {
            grow(page_index_.size() * 2);
        }
        Page*& page = page_index_[probe(number)];
        if (page == nullptr) {
            page = pages_.emplace_back(empty_page()).get();
            page->number = number;
        }
        return *page;
    }

    void grow(std::size_t wanted) {
        page_index_.assign(std::bit_ceil(std::max(wanted, least_index)), nullptr);
        pages_.reserve(page_index_.size());
        for (const std::unique_ptr<Page>& page : pages_) {
            page_index_[probe(page->number)] = page.get();
        }
    }

    std::vector<std::unique_ptr<Page>> pages_;
    std::vector<std::unique_ptr<Page>> spare_;    ///< from before it was cleared
    SmallVector<Page*, least_index> page_index_;  ///< a hash table, by number
    Page* last_ = nullptr;                        ///< the one asked for last
    std::size_t count_ = 0;
};

}  // namespace latent::ir
