#include "core/image/tiff_stack.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace scgan {
namespace {

constexpr size_t kMostDirectories = 1000;
constexpr int64_t kMostImages = int64_t{1} << 32;

// The whole number at the start of a text; 1 if there is none.
int64_t leading_number(std::string_view text) {
  int64_t number = 1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::clamp<int64_t>(number, 1, kMostImages);
}

int64_t number_after(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  return at == std::string_view::npos ? 1 : leading_number(text.substr(at + key.size()));
}

int64_t imagej_images(std::string_view text) {
  const int64_t parts = number_after(text, "\nchannels=") * number_after(text, "\nslices=");
  return std::max(number_after(text, "\nimages="),
                  std::min(parts, kMostImages) * number_after(text, "\nframes="));
}

// The numbers between the first bracket and its end: [3, 16, 16] or (3, 16, 16).
std::vector<int64_t> numbers_of(std::string_view text) {
  const size_t begin = text.find_first_of("[(");
  if (begin == std::string_view::npos) return {};
  text = text.substr(begin + 1, text.find_first_of("])", begin) - begin - 1);
  std::vector<int64_t> numbers;
  while (!text.empty()) {
    const size_t digit = text.find_first_of("0123456789");
    if (digit == std::string_view::npos) break;
    numbers.push_back(leading_number(text.substr(digit)));
    text.remove_prefix(std::min(text.size(), text.find_first_not_of("0123456789", digit)));
  }
  return numbers;
}

// The number of images of a shape whose last axes are those of the page.
int64_t images_of_shape(const std::vector<int64_t>& shape, const TiffPage& page) {
  using Axes = std::vector<int64_t>;
  const auto& [height, width, channels] = page;
  for (const Axes& axes :
       {Axes{height, width, channels}, Axes{channels, height, width}, Axes{height, width}}) {
    if (axes.size() == 2 && channels != 1) continue;
    if (shape.size() < axes.size() || !std::equal(axes.rbegin(), axes.rend(), shape.rbegin())) {
      continue;
    }
    int64_t images = 1;
    for (size_t i = 0; i + axes.size() < shape.size(); ++i) {
      images = std::min(images * std::min(shape[i], int64_t{1} << 20), kMostImages);
    }
    return images;
  }
  return 1;
}

// The value of an attribute of the XML element at the start of a text.
std::string_view attribute(std::string_view element, std::string_view name) {
  element = element.substr(0, element.find('>'));
  const std::string key = " " + std::string(name) + "=\"";
  const size_t at = element.find(key);
  if (at == std::string_view::npos) return {};
  element.remove_prefix(at + key.size());
  return element.substr(0, element.find('"'));
}

int64_t ome_images(std::string_view text, int64_t channels) {
  if (text.find("BinaryOnly") != std::string_view::npos) return 1;
  std::set<std::string_view> files;
  for (size_t at = text.find("<UUID "); at != std::string_view::npos;
       at = text.find("<UUID ", at + 1)) {
    files.insert(attribute(text.substr(at), "FileName"));
  }
  if (files.size() > 1) return 1;
  int64_t images = 0;
  for (size_t at = text.find("Pixels "); at != std::string_view::npos;
       at = text.find("Pixels ", at + 1)) {
    const std::string_view element = text.substr(at);
    const auto size = [&](std::string_view name) {
      return std::min(leading_number(attribute(element, name)), int64_t{1} << 20);
    };
    images += std::max<int64_t>(1, size("SizeC") / channels) * size("SizeZ") * size("SizeT");
    images = std::min(images, kMostImages);
  }
  return std::max<int64_t>(images, 1);
}

// Reads the directories of a TIFF and notes the parts of the file that they refer to.
class DirectoryWalk {
 public:
  explicit DirectoryWalk(std::string_view bytes)
      : bytes_(bytes), big_endian_(bytes.starts_with("MM")), big_(number(2, 2) == 43) {
    use(0, big_ ? 16 : 8);
    walk(big_ ? number(8, 8) : number(4, 4), nullptr);
  }

  TiffLayout layout() {
    std::sort(used_.begin(), used_.end());
    uint64_t end = 0;
    uint64_t covered = 0;
    for (const auto& [from, to] : used_) {
      covered += std::max(end, to) - std::max(end, from);
      end = std::max(end, to);
    }
    layout_.unreferenced = bytes_.size() - covered;
    return layout_;
  }

 private:
  struct Directory {
    std::map<uint64_t, std::vector<uint64_t>> values;
    uint64_t pixels() const { return first(256) * first(257); }
    bool is_reduced() const { return (first(254) & 1) != 0; }
    uint64_t first(uint64_t tag) const {
      const auto found = values.find(tag);
      return found == values.end() || found->second.empty() ? 0 : found->second[0];
    }
  };

  uint64_t number(uint64_t place, uint64_t count) const {
    if (place > bytes_.size() || count > bytes_.size() - place) return 0;
    uint64_t value = 0;
    for (uint64_t i = 0; i < count; ++i) {
      value = value << 8 |
              static_cast<unsigned char>(bytes_[place + (big_endian_ ? i : count - 1 - i)]);
    }
    return value;
  }

  void use(uint64_t from, uint64_t count) {
    const uint64_t size = bytes_.size();
    from = std::min(from, size);
    used_.emplace_back(from, from + std::min(count, size - from));
  }

  // Follows the chain of directories. `page` is the one of which they are sub-directories.
  void walk(uint64_t place, const Directory* page) {
    while (place != 0 && place < bytes_.size() && seen_.size() < kMostDirectories &&
           seen_.insert(place).second) {
      const uint64_t begin = place + (big_ ? 8 : 2);
      const uint64_t entry = big_ ? 20 : 12;
      const uint64_t entries =
          std::min<uint64_t>(number(place, big_ ? 8 : 2), bytes_.size() / entry);
      Directory directory;
      for (uint64_t i = 0; i < entries; ++i) read_entry(begin + i * entry, directory);
      use(place, begin - place + entries * entry + (big_ ? 8 : 4));
      use_pixels(directory);
      if (page != nullptr && !directory.is_reduced() && directory.pixels() >= page->pixels()) {
        layout_.has_other_image = true;
      }
      for (const uint64_t sub : directory.values[kSubDirectories]) walk(sub, &directory);
      for (const uint64_t tag : kPrivateDirectories) walk(directory.first(tag), nullptr);
      place = number(begin + entries * entry, big_ ? 8 : 4);
    }
  }

  void read_entry(uint64_t entry, Directory& directory) {
    constexpr std::array<uint64_t, 19> kSizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                              8, 4, 8, 4, 0, 0, 8, 8, 8};
    const uint64_t tag = number(entry, 2);
    const uint64_t type = number(entry + 2, 2);
    const uint64_t count = number(entry + 4, big_ ? 8 : 4);
    const uint64_t size = type < kSizes.size() ? kSizes[type] : 0;
    if (size == 0 || count > bytes_.size()) return;
    const uint64_t room = big_ ? 8 : 4;
    uint64_t place = entry + 4 + room;
    if (size * count > room) {
      place = number(place, room);
      use(place, size * count);
      if (place > bytes_.size() || size * count > bytes_.size() - place) return;
    }
    if (tag == kUic2) layout_.metamorph_planes = std::max<uint64_t>(count, 1);
    if (std::find(kKept.begin(), kKept.end(), tag) == kKept.end()) return;
    auto& values = directory.values[tag];
    for (uint64_t i = 0; i < count; ++i) values.push_back(number(place + i * size, size));
  }

  // Strips, tiles, and the JPEG stream of thumbnails.
  void use_pixels(const Directory& directory) {
    for (const auto& [offsets, counts] : {std::pair{273, 279}, {324, 325}, {513, 514}}) {
      const auto from = directory.values.find(static_cast<uint64_t>(offsets));
      const auto bytes = directory.values.find(static_cast<uint64_t>(counts));
      if (from == directory.values.end() || bytes == directory.values.end()) continue;
      const size_t parts = std::min(from->second.size(), bytes->second.size());
      for (size_t i = 0; i < parts; ++i) use(from->second[i], bytes->second[i]);
    }
  }

  static constexpr uint64_t kSubDirectories = 330;
  static constexpr std::array<uint64_t, 3> kPrivateDirectories{34665, 34853, 40965};  // EXIF, GPS
  static constexpr uint64_t kUic2 = 33629;
  // The tags whose values are needed.
  static constexpr std::array<uint64_t, 13> kKept{254, 256, 257, 273,   279,   324,  325,
                                                  330, 513, 514, 34665, 34853, 40965};

  std::string_view bytes_;
  bool big_endian_;
  bool big_;
  std::vector<std::pair<uint64_t, uint64_t>> used_;
  std::set<uint64_t> seen_;
  TiffLayout layout_;
};

}  // namespace

int64_t described_images(std::string_view description, const TiffPage& page) {
  if (description.starts_with("ImageJ=")) return imagej_images(description);
  if (description.starts_with("shape=")) return images_of_shape(numbers_of(description), page);
  if (description.starts_with("{")) {
    const size_t shape = description.find("\"shape\"");
    if (shape == std::string_view::npos) return 1;
    return images_of_shape(numbers_of(description.substr(shape)), page);
  }
  if (description.find("OME ") != std::string_view::npos) {
    return ome_images(description, page.channels);
  }
  return 1;
}

TiffLayout tiff_layout(std::string_view bytes) { return DirectoryWalk(bytes).layout(); }

}  // namespace scgan
