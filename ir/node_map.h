#pragma once

#include <cstdint>
#include <vector>

#include "ir/node.h"

namespace latent::ir {

/// A map from nodes to T with open addressing: passes look nodes up by the million.
template <typename T>
class NodeMap {
  public:
    explicit NodeMap(std::size_t expected = 16) { rehash(expected * 2); }

    std::size_t size() const { return count_; }

    /// Null if absent.
    T* find(const Node* node) {
        const std::size_t i = probe(node);
        return entries_[i].node == node ? &entries_[i].value : nullptr;
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
        if ((count_ + 1) * 3 > entries_.size() * 2) {
            rehash(entries_.size() * 2);
        }
        const std::size_t i = probe(node);
        const bool inserted = entries_[i].node == nullptr;
        if (inserted) {
            entries_[i] = {node, std::move(value)};
            ++count_;
        }
        return {entries_[i].value, inserted};
    }

    T& operator[](const Node* node) { return insert(node, T{}).first; }

  private:
    struct Entry {
        const Node* node = nullptr;
        T value{};
    };

    std::size_t probe(const Node* node) const {
        const std::size_t mask = entries_.size() - 1;
        std::size_t i =
            (reinterpret_cast<std::uintptr_t>(node) * 0x9e3779b97f4a7c15ULL >> 20) & mask;
        while (entries_[i].node != nullptr && entries_[i].node != node) {
            i = (i + 1) & mask;
        }
        return i;
    }

    void rehash(std::size_t wanted) {
        std::size_t capacity = 16;
        while (capacity < wanted) {
            capacity *= 2;
        }
        std::vector<Entry> old(capacity);
        old.swap(entries_);
        for (Entry& entry : old) {
            if (entry.node != nullptr) {
                entries_[probe(entry.node)] = std::move(entry);
            }
        }
    }

    std::vector<Entry> entries_;
    std::size_t count_ = 0;
};

}  // namespace latent::ir
