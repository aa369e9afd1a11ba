// Values that are costly to compute and often needed again, such as the null distribution of a
// design that many pairs of variants share.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace scgan::stats {

// Forgets all when it is full. Any thread may call it.
template <typename Key, typename Value>
class Memo {
 public:
  // The value of the key, made by `make(key)` if it is new.
  template <typename Make>
  std::shared_ptr<const Value> get(const Key& key, Make make) {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found != values_.end()) return found->second;
    if (values_.size() >= kMost) values_.clear();
    return values_.emplace(key, std::make_shared<const Value>(make(key))).first->second;
  }

 private:
  static constexpr size_t kMost = 64;
  std::mutex mutex_;
  std::map<Key, std::shared_ptr<const Value>> values_;
};

}  // namespace scgan::stats
