#include "core/data/data_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>

#include "core/data/shape_notes.h"
#include "core/image/scaling.h"

namespace scgan {
namespace {

constexpr std::array<const char*, 3> kColours{"red", "green", "blue"};
// Images that use less of the range of their type are reported.
constexpr double kLeastOfRange = 0.25;

using Pixels = std::array<uint64_t, 3>;

bool is_constant(const ImageFacts& facts) { return facts.bits != 32 && facts.low == facts.high; }

std::string name_of(const FieldOfView& field) {
  return fmt::format("{}/{}", to_string(field.split), field.name);
}

const char* consequence(Split earlier, Split later) {
  if (domain_of(earlier) == domain_of(later)) {
    return "scores on images that were trained on do not show what a model does with new ones";
  }
  return "what is in both domains cannot tell them apart";
}

// Fields by their pixels, in order; without constant images, which are reported as such.
class Occurrences {
 public:
  Occurrences(const std::vector<FieldOfView>& fields, const std::vector<ImageFacts>& facts) {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (is_constant(facts[i])) continue;
      by_pixels_[facts[i].channels].push_back(&fields[i]);
    }
  }

  // Images of `later` that are also in `earlier`.
  void add_shared(Split earlier, Split later, int64_t total,
                  std::vector<std::string>& notes) const {
    const auto [count, example] = repeated(earlier, later);
    if (count == 0) return;
    notes.push_back(fmt::format("{} of the {} images of {} are also in {} ({}): {}", count, total,
                                to_string(later), to_string(earlier), example,
                                consequence(earlier, later)));
  }

  void add_repeated(Split split, std::vector<std::string>& notes) const {
    const auto [count, example] = repeated(split, split);
    if (count == 0) return;
    notes.push_back(fmt::format("{} image{} of {} {} another one of it again ({})", count,
                                count == 1 ? "" : "s", to_string(split), count == 1 ? "is" : "are",
                                example));
  }

 private:
  static const FieldOfView* first_of(const std::vector<const FieldOfView*>& fields, Split split) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [split](const auto* field) { return field->split == split; });
    return found == fields.end() ? nullptr : *found;
  }

  // How many images of `later` repeat the first such image of `earlier`, and one of them.
  std::pair<int64_t, std::string> repeated(Split earlier, Split later) const {
    int64_t count = 0;
    std::string example;
    for (const auto& [pixels, fields] : by_pixels_) {
      const FieldOfView* const original = first_of(fields, earlier);
      if (original == nullptr) continue;
      for (const FieldOfView* field : fields) {
        if (field->split != later || field == original) continue;
        if (count++ == 0) example = fmt::format("{} is {}", name_of(*field), name_of(*original));
      }
    }
    return {count, example};
  }

  std::map<Pixels, std::vector<const FieldOfView*>> by_pixels_;
};

void add_equal_channels(const std::vector<FieldOfView>& fields,
                        const std::vector<ImageFacts>& facts, std::vector<std::string>& notes) {
  for (const auto& [one, other] : {std::pair<size_t, size_t>{0, 1}, {0, 2}, {1, 2}}) {
    int64_t count = 0;
    std::string example;
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto& channels = facts[i].channels;
      const ChannelsPresent& present = facts[i].present;
      if (fields[i].files.size() != 3 || !present[one] || !present[other]) continue;
      if (channels[one] == channels[other] && count++ == 0) example = name_of(fields[i]);
    }
    if (count == 0) continue;
    notes.push_back(fmt::format("{} and {} are the same picture in {} image{} ({})", kColours[one],
                                kColours[other], count, count == 1 ? "" : "s", example));
  }
}

void add_constant_images(const std::vector<FieldOfView>& fields,
                         const std::vector<ImageFacts>& facts, std::vector<std::string>& notes) {
  int64_t count = 0;
  std::string example;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (is_constant(facts[i]) && count++ == 0) example = name_of(fields[i]);
  }
  if (count == 0) return;
  notes.push_back(fmt::format("{} image{} one value nearly everywhere ({})", count,
                              count == 1 ? " has" : "s have", example));
}

// With data.scaling dtype, what the type's range leaves unused is lost. A channel that has files of
// its own was exposed on its own.
void add_narrow_ranges(const std::vector<FieldOfView>& fields, const std::vector<ImageFacts>& facts,
                       std::vector<std::string>& notes) {
  const double full = full_range(facts.front().bits)[0][1];
  struct Range {
    double low, high;
    bool is_narrow(double full) const { return high >= low && high - low < kLeastOfRange * full; }
  };
  Range all{full, 0};
  std::array<Range, 3> channels{all, all, all};
  const auto include = [](Range& range, double low, double high) {
    range = {std::min(range.low, low), std::max(range.high, high)};
  };
  for (size_t i = 0; i < fields.size(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      if (!facts[i].present[c]) continue;
      include(all, facts[i].low[c], facts[i].high[c]);
      if (fields[i].files.size() == 3) include(channels[c], facts[i].low[c], facts[i].high[c]);
    }
  }
  const auto add = [&](const std::string& values, const Range& range) {
    notes.push_back(fmt::format(
        "nearly all {} are from {:g} to {:g} of {:g}, so that data.scaling: dtype leaves {:.0f} of "
        "256 grey levels; data.scaling: percentile uses all of them",
        values, range.low, range.high, full, 1 + (range.high - range.low) / full * 255));
  };
  if (all.is_narrow(full)) return add("values", all);
  for (size_t c = 0; c < 3; ++c) {
    if (channels[c].is_narrow(full)) add(fmt::format("{} values", kColours[c]), channels[c]);
  }
}

}  // namespace

std::string description_of(const std::vector<ImageFacts>& facts) {
  if (facts.empty()) return "";
  const auto by_pixels = [](const ImageFacts& a, const ImageFacts& b) {
    return a.width * a.height < b.width * b.height;
  };
  const auto [least, most] = std::minmax_element(facts.begin(), facts.end(), by_pixels);
  std::string size = fmt::format("{} x {}", least->width, least->height);
  if (std::pair(least->width, least->height) != std::pair(most->width, most->height)) {
    size += fmt::format(" to {} x {}", most->width, most->height);
  }
  const bool is_grey = std::all_of(facts.begin(), facts.end(),
                                   [](const ImageFacts& image) { return image.planes == 1; });
  const int64_t bits = facts.front().bits;
  std::string text =
      fmt::format("{}{} images of {} pixels", bits == 32 ? "float" : fmt::format("{}-bit", bits),
                  is_grey ? " grey" : " RGB", size);
  if (bits == 32) return text;
  double low = full_range(bits)[0][1], high = 0;
  for (const ImageFacts& image : facts) {
    for (size_t c = 0; c < 3; ++c) {
      if (!image.present[c]) continue;
      low = std::min(low, image.low[c]);
      high = std::max(high, image.high[c]);
    }
  }
  return text + fmt::format(", nearly all values from {:g} to {:g}", low, high);
}

std::vector<std::string> data_notes(const DatasetSpec& spec, const std::vector<FieldOfView>& fields,
                                    const std::vector<ImageFacts>& facts) {
  std::vector<std::string> notes;
  std::vector<FieldOfView> listed;
  std::vector<ImageFacts> listed_facts;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!is_listed(spec, fields[i].split)) continue;
    listed.push_back(fields[i]);
    listed_facts.push_back(facts[i]);
  }
  if (listed.empty()) return notes;
  const Occurrences occurrences(listed, listed_facts);
  PerSplit<int64_t> totals{};
  for (const FieldOfView& field : listed) ++totals[field.split];
  for (const auto& [earlier, later] : {std::pair{Split::kTrainA, Split::kTestA},
                                       {Split::kTrainB, Split::kTestB},
                                       {Split::kTrainA, Split::kTrainB},
                                       {Split::kTrainA, Split::kTestB},
                                       {Split::kTrainB, Split::kTestA},
                                       {Split::kTestA, Split::kTestB}}) {
    occurrences.add_shared(earlier, later, totals[later], notes);
  }
  for (const Split split : kSplits) occurrences.add_repeated(split, notes);
  add_equal_channels(listed, listed_facts, notes);
  add_constant_images(listed, listed_facts, notes);
  add_shape_notes(listed, listed_facts, notes);
  if (spec.scaling == Scaling::kDtype) add_narrow_ranges(listed, listed_facts, notes);
  return notes;
}

}  // namespace scgan
