#include "core/data/shape_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <map>

namespace scgan {
namespace {

// Smaller differences between height and width are not visible.
constexpr double kMostStretch = 1.01;
constexpr size_t kMostExamples = 3;

std::string split_and_name(const FieldOfView& field) {
  return fmt::format("{}/{}", to_string(field.split), field.name);
}

struct Depth {
  int64_t bits = 0;
  int64_t images = 0;
};

Depth usual_depth(const std::vector<int64_t>& bits) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t depth : bits) counts[depth] += depth > 0 ? 1 : 0;
  Depth usual;
  for (const int64_t depth : bits) {  // in the order of the images, which decides ties
    if (counts[depth] > usual.images) usual = {depth, counts[depth]};
  }
  return usual;
}

// "3 of 20 images (trainA/a, trainA/b, ...)"
std::string named(const std::vector<std::string>& labels, size_t all) {
  std::vector<std::string> first(
      labels.begin(), labels.begin() + std::min<int64_t>(std::ssize(labels), kMostExamples));
  return fmt::format("{} of {} images ({}{})", labels.size(), all, fmt::join(first, ", "),
                     labels.size() > kMostExamples ? ", ..." : "");
}

void add_mixed_colours(const std::vector<FieldOfView>& fields, const std::vector<ImageFacts>& facts,
                       std::vector<std::string>& notes) {
  std::vector<std::string> grey, rgb;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].files.size() == 1)
      (facts[i].planes == 1 ? grey : rgb).push_back(split_and_name(fields[i]));
  }
  if (grey.empty() || rgb.empty()) return;
  const size_t all = grey.size() + rgb.size();
  const bool few_grey = grey.size() <= rgb.size();
  notes.push_back(fmt::format(
      "{} are {}, the others {}; grey ones are read with three equal channels",
      named(few_grey ? grey : rgb, all), few_grey ? "grey" : "RGB", few_grey ? "RGB" : "grey"));
}

void add_squashed(const std::vector<FieldOfView>& fields, const std::vector<ImageFacts>& facts,
                  std::vector<std::string>& notes) {
  std::vector<std::string> labels;
  double most = 1;
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto [small, large] = std::minmax(facts[i].height, facts[i].width);
    const double stretch = static_cast<double>(large) / static_cast<double>(small);
    if (stretch < kMostStretch) continue;
    most = std::max(most, stretch);
    labels.push_back(labels.empty() ? fmt::format("{}: {} x {} pixels", split_and_name(fields[i]),
                                                  facts[i].width, facts[i].height)
                                    : split_and_name(fields[i]));
  }
  if (labels.empty()) return;
  notes.push_back(fmt::format(
      "{} are not square; resizing them to squares stretches them by up to {:.0f} %; crop them to "
      "keep the shape of cells",
      named(labels, fields.size()), 100 * (most - 1)));
}

// Previews beside images, or images saved in two formats: a.tif and a.jpg.
void add_equal_names(const std::vector<FieldOfView>& fields, std::vector<std::string>& notes) {
  std::map<std::string, std::vector<std::string>> files_of_name;
  for (const FieldOfView& field : fields) {
    if (field.files.size() != 1) continue;
    files_of_name[split_and_name(field)].push_back(field.files[0].filename().string());
  }
  int64_t count = 0;
  std::string example;
  for (const auto& [name, files] : files_of_name) {
    if (files.size() > 1 && count++ == 0) {
      example = fmt::format("{}: {}", name, fmt::join(files, ", "));
    }
  }
  if (count == 0) return;
  notes.push_back(fmt::format(
      "{} image name{} several files that differ only in their ending ({}); each file is an image "
      "of its own, so previews and copies must not be in the folder",
      count, count == 1 ? " has" : "s have", example));
}

}  // namespace

std::vector<std::string> depth_problems(const std::vector<std::string>& images,
                                        const std::vector<int64_t>& bits) {
  const Depth usual = usual_depth(bits);
  const auto unread = std::count(bits.begin(), bits.end(), 0);
  std::vector<std::string> problems(images.size());
  for (size_t i = 0; i < images.size(); ++i) {
    if (bits[i] == 0 || bits[i] == usual.bits) continue;
    problems[i] = fmt::format(
        "{}: has {} bits per channel, but {} of {} images have {}; all must "
        "have one depth",
        images[i], bits[i], usual.images, std::ssize(bits) - unread, usual.bits);
  }
  return problems;
}

void add_depth_problems(const std::vector<FieldOfView>& fields,
                        const std::vector<ImageFacts>& facts, std::vector<std::string>& problems) {
  std::vector<std::string> images;
  std::vector<int64_t> bits;
  for (size_t i = 0; i < fields.size(); ++i) {
    images.push_back(fields[i].origin + first_file(fields[i].files).string());
    bits.push_back(facts[i].height > 0 ? facts[i].bits : 0);
  }
  const std::vector<std::string> found = depth_problems(images, bits);
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!found[i].empty()) problems[i] = found[i];
  }
}

void add_shape_notes(const std::vector<FieldOfView>& fields, const std::vector<ImageFacts>& facts,
                     std::vector<std::string>& notes) {
  add_mixed_colours(fields, facts, notes);
  add_squashed(fields, facts, notes);
  add_equal_names(fields, notes);
}

}  // namespace scgan
