// The archive around the arrays: a zip file, read through its central directory.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/base/unique_handle.h"
#include "tools/fid/npy.h"

namespace scgan {
namespace {

constexpr std::string_view kLocalMark = "PK\x03\x04";
constexpr std::string_view kCentralMark = "PK\x01\x02";
constexpr std::string_view kEndMark = "PK\x05\x06";
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22;
constexpr size_t kMaxComment = 65535;
constexpr uint64_t kMaxArray = 1ULL << 30;
constexpr uint64_t kMostDeflated = 1032;  // bytes that one byte of a deflate stream can expand to
constexpr uint16_t kStored = 0, kDeflated = 8;
constexpr uint16_t kEncrypted = 1;  // a flag
constexpr uint32_t kInZip64 = 0xffffffff;
constexpr std::string_view kArraySuffix = ".npy";

[[noreturn]] void refuse_archive(const std::string& name, const std::string& reason) {
  throw Error(ErrorKind::kData,
              fmt::format("{}: not a .npz file that can be read: {}", name, reason));
}

template <typename Number>
Number number_at(std::string_view bytes, size_t at) {
  Number number;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

struct Member {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0, packed = 0, size = 0, local = 0;  // sizes in bytes; local: where it begins
};

struct Directory {
  size_t begin = 0, end = 0;
  size_t count = 0;
};

Directory find_directory(std::string_view bytes, const std::string& name) {
  if (bytes.size() < kEndSize) refuse_archive(name, "it is not a zip archive");
  const size_t last = bytes.size() - kEndSize;
  const size_t first = last > kMaxComment ? last - kMaxComment : 0;
  for (size_t at = last + 1; at-- > first;) {
    if (bytes.substr(at, kEndMark.size()) != kEndMark) continue;
    if (at + kEndSize + number_at<uint16_t>(bytes, at + 20) != bytes.size()) continue;
    const uint64_t size = number_at<uint32_t>(bytes, at + 12);
    const uint64_t begin = number_at<uint32_t>(bytes, at + 16);
    if (begin == kInZip64) refuse_archive(name, "it is a zip64 archive of 4 GiB or more");
    if (begin + size > at) refuse_archive(name, "the directory at its end is damaged");
    return {begin, begin + size, number_at<uint16_t>(bytes, at + 10)};
  }
  refuse_archive(name,
                 bytes.starts_with(kLocalMark) ? "it is truncated" : "it is not a zip archive");
}

// Reads the member whose entry begins at `at`, and moves `at` past it.
Member read_entry(std::string_view bytes, size_t& at, size_t end, const std::string& name) {
  if (end - at < kCentralSize || bytes.substr(at, kCentralMark.size()) != kCentralMark) {
    refuse_archive(name, "the directory at its end is damaged");
  }
  const size_t length = number_at<uint16_t>(bytes, at + 28);
  const size_t rest = static_cast<size_t>(number_at<uint16_t>(bytes, at + 30)) +
                      number_at<uint16_t>(bytes, at + 32);
  if (end - at - kCentralSize < length + rest)
    refuse_archive(name, "the directory at its end is damaged");
  Member member;
  member.flags = number_at<uint16_t>(bytes, at + 8);
  member.method = number_at<uint16_t>(bytes, at + 10);
  member.crc = number_at<uint32_t>(bytes, at + 16);
  member.packed = number_at<uint32_t>(bytes, at + 20);
  member.size = number_at<uint32_t>(bytes, at + 24);
  member.local = number_at<uint32_t>(bytes, at + 42);
  member.name = bytes.substr(at + kCentralSize, length);
  at += kCentralSize + length + rest;
  return member;
}

std::map<std::string, Member> read_directory(std::string_view bytes, const Directory& directory,
                                             const std::string& name) {
  std::map<std::string, Member> members;
  size_t at = directory.begin;
  for (size_t i = 0; i < directory.count; ++i) {
    Member member = read_entry(bytes, at, directory.end, name);
    std::string key = member.name;
    if (!members.emplace(std::move(key), std::move(member)).second) {
      refuse_archive(name, "it has two members of the same name");
    }
  }
  return members;
}

std::string_view packed_bytes(std::string_view bytes, const Member& member, size_t end,
                              const std::string& name) {
  const uint64_t at = member.local;
  if (at + kLocalSize > end || bytes.substr(at, kLocalMark.size()) != kLocalMark) {
    refuse_archive(name, fmt::format("{} is not where its directory says", member.name));
  }
  const uint64_t begin =
      at + kLocalSize + number_at<uint16_t>(bytes, at + 26) + number_at<uint16_t>(bytes, at + 28);
  if (begin + member.packed > end) refuse_archive(name, fmt::format("{} is cut off", member.name));
  return bytes.substr(begin, member.packed);
}

struct InflateTraits {
  using Handle = z_stream*;
  static Handle null() noexcept { return nullptr; }
  static void close(Handle stream) noexcept { inflateEnd(stream); }
};

// Inflates a member. The result grows with the data, up to the size in the directory; a wrong size
// shows as another length.
std::string inflated(std::string_view packed, size_t size) {
  z_stream stream{};
  constexpr int kRaw = -15;  // without zlib's own header
  if (inflateInit2(&stream, kRaw) != Z_OK) throw std::bad_alloc();
  const UniqueHandle<InflateTraits> owner(&stream);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string content;
  int status = Z_OK;
  std::array<char, 1 << 16> chunk;
  while (status == Z_OK && content.size() <= size) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    status = inflate(&stream, Z_NO_FLUSH);
    content.append(chunk.data(), chunk.size() - stream.avail_out);
  }
  if (status != Z_STREAM_END) content.clear();
  return content;
}

std::string content_of(std::string_view bytes, const Member& member, size_t end,
                       const std::string& name) {
  if ((member.flags & kEncrypted) != 0)
    refuse_archive(name, fmt::format("{} is encrypted", member.name));
  if (member.method != kStored && member.method != kDeflated) {
    refuse_archive(name,
                   fmt::format("{} is compressed by a method other than deflate", member.name));
  }
  if (member.packed == kInZip64 || member.size == kInZip64 || member.size > kMaxArray) {
    refuse_archive(name, fmt::format("{} has more than 1 GiB", member.name));
  }
  const std::string_view packed = packed_bytes(bytes, member, end, name);
  if (member.size > packed.size() * (member.method == kStored ? 1 : kMostDeflated)) {
    refuse_archive(name, fmt::format("{} claims {} bytes, too many for {} compressed ones",
                                     member.name, member.size, packed.size()));
  }
  std::string content =
      member.method == kStored ? std::string(packed) : inflated(packed, member.size);
  const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
  if (content.size() != member.size || crc != member.crc) {
    refuse_archive(name, fmt::format("{} is damaged: its CRC-32 does not match", member.name));
  }
  return content;
}

std::string names_of(const std::map<std::string, Member>& members) {
  constexpr size_t kShown = 10;
  std::vector<std::string_view> names;
  for (const auto& [member, ignored] : members) {
    std::string_view array = member;
    if (array.ends_with(kArraySuffix)) array.remove_suffix(kArraySuffix.size());
    if (names.size() < kShown) names.push_back(array);
  }
  if (names.empty()) return "it is empty";
  return fmt::format("it holds {}{}", fmt::join(names, ", "),
                     members.size() > kShown ? " and more" : "");
}

template <typename Number>
void append(std::string& bytes, Number number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// What a member's local header and its directory entry have in common.
std::string description_of(const std::string& name, uint32_t crc, uint32_t size) {
  std::string bytes;
  append<uint16_t>(bytes, 20);  // version 2.0 is needed
  append<uint16_t>(bytes, 0);   // no flags
  append<uint16_t>(bytes, kStored);
  append<uint16_t>(bytes, 0);           // midnight
  append<uint16_t>(bytes, 1 << 5 | 1);  // of 1 January 1980
  append<uint32_t>(bytes, crc);
  append<uint32_t>(bytes, size);  // packed
  append<uint32_t>(bytes, size);
  append(bytes, static_cast<uint16_t>(name.size()));
  append<uint16_t>(bytes, 0);  // nothing extra
  return bytes;
}

}  // namespace

std::map<std::string, NpyArray> parse_npz(std::string_view bytes, const std::string& name,
                                          const std::vector<std::string>& wanted) {
  const Directory directory = find_directory(bytes, name);
  const auto members = read_directory(bytes, directory, name);
  std::map<std::string, NpyArray> arrays;
  for (const std::string& array : wanted) {
    const auto found = members.find(array + std::string(kArraySuffix));
    if (found == members.end()) {
      refuse_archive(name, fmt::format("it has no array {}; {}", array, names_of(members)));
    }
    const std::string content = content_of(bytes, found->second, directory.begin, name);
    arrays[array] = parse_npy(content, fmt::format("{}: {}", name, array));
  }
  return arrays;
}

std::string to_npz(const std::vector<std::pair<std::string, NpyArray>>& arrays) {
  constexpr uint64_t kMost = std::numeric_limits<int32_t>::max();
  std::string bytes, directory;
  for (const auto& [array, values] : arrays) {
    const std::string name = array + std::string(kArraySuffix);
    const std::string content = to_npy(values);
    const auto local = static_cast<uint32_t>(bytes.size());
    if (bytes.size() + content.size() > kMost) {
      throw Error(ErrorKind::kStorage, "a .npz file cannot be larger than 2 GiB");
    }
    const uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
    const std::string description =
        description_of(name, static_cast<uint32_t>(crc), static_cast<uint32_t>(content.size()));
    bytes.append(kLocalMark).append(description).append(name).append(content);
    directory += kCentralMark;
    append<uint16_t>(directory, 20);  // made by version 2.0
    directory += description;
    directory.append(10, '\0');  // no comment, first disk, no attributes
    append(directory, local);
    directory += name;
  }
  const auto begin = static_cast<uint32_t>(bytes.size());
  bytes += directory;
  bytes += kEndMark;
  append<uint32_t>(bytes, 0);  // the first disk is the only one
  for (int i = 0; i < 2; ++i) append(bytes, static_cast<uint16_t>(arrays.size()));
  append(bytes, static_cast<uint32_t>(directory.size()));
  append(bytes, begin);
  append<uint16_t>(bytes, 0);  // no comment
  return bytes;
}

}  // namespace scgan
