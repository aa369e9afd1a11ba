// The four sets of images that make up a data set.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace scgan {

enum class Split : uint8_t { kTrainA, kTrainB, kTestA, kTestB };

inline constexpr std::array<Split, 4> kSplits{Split::kTrainA, Split::kTrainB, Split::kTestA,
                                              Split::kTestB};

constexpr bool is_training(Split split) {
  return split == Split::kTrainA || split == Split::kTrainB;
}

// 0 = A, 1 = B.
constexpr int domain_of(Split split) { return static_cast<int>(split) % 2; }

// The splits of the same domain.
constexpr Split training_split_of(Split split) {
  return domain_of(split) == 0 ? Split::kTrainA : Split::kTrainB;
}
constexpr Split test_split_of(Split split) {
  return domain_of(split) == 0 ? Split::kTestA : Split::kTestB;
}

// "trainA", ...: also the name of the split's folder.
constexpr const char* to_string(Split split) {
  constexpr std::array<const char*, 4> kNames{"trainA", "trainB", "testA", "testB"};
  return kNames[static_cast<size_t>(split)];
}

// One value for each split.
template <typename Value>
class PerSplit {
 public:
  Value& operator[](Split split) { return values_[static_cast<size_t>(split)]; }
  const Value& operator[](Split split) const { return values_[static_cast<size_t>(split)]; }
  bool operator==(const PerSplit&) const = default;

 private:
  std::array<Value, 4> values_{};
};

}  // namespace scgan
