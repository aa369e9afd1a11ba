#include "results/report/event_file.h"

#include <array>
#include <bit>

namespace scgan::results {
namespace {

// Wire types of protocol buffers.
enum class Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

template <typename Number>
std::string little_endian(Number number) {
  std::string bytes;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    bytes += static_cast<char>(number >> (8 * i) & 0xff);
  }
  return bytes;
}

std::string varint(uint64_t number) {
  std::string bytes;
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
  return bytes + static_cast<char>(number);
}

std::string field(int number, Wire type, const std::string& value) {
  const std::string length = type == Wire::kBytes ? varint(value.size()) : "";
  return varint(static_cast<uint64_t>(number << 3 | static_cast<int>(type))) + length + value;
}

// Event: wall_time = 1, step = 2, file_version = 3, summary = 5. A field that is 0 is not written.
std::string event(double time, int64_t step, const std::string& content) {
  std::string fields;
  if (time != 0) fields += field(1, Wire::kFixed64, little_endian(std::bit_cast<uint64_t>(time)));
  if (step != 0) fields += field(2, Wire::kVarint, varint(static_cast<uint64_t>(step)));
  return fields + content;
}

std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit) {
      table[i] = table[i] >> 1 ^ (table[i] % 2 == 1 ? 0x82f63b78U : 0U);
    }
  }
  return table;
}

// The checksum of a TFRecord's part.
std::string masked_crc(std::string_view bytes) {
  return little_endian(std::rotr(crc32c(bytes), 15) + 0xa282ead8U);
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = crc_table();
  uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  }
  return ~crc;
}

EventFile::EventFile(double start) {
  add_record(event(start, 0, field(3, Wire::kBytes, "brain.Event:2")));
}

// Summary: value = 1; its tag = 1, simple_value = 2.
void EventFile::add(int64_t step, const std::vector<Scalar>& scalars, double time) {
  std::string summary;
  for (const auto& [tag, value] : scalars) {
    const auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
    summary += field(1, Wire::kBytes,
                     field(1, Wire::kBytes, tag) + field(2, Wire::kFixed32, little_endian(bits)));
  }
  add_record(event(time, step, field(5, Wire::kBytes, summary)));
}

void EventFile::add_record(const std::string& event) {
  const std::string length = little_endian(static_cast<uint64_t>(event.size()));
  bytes_ += length + masked_crc(length) + event + masked_crc(event);
}

}  // namespace scgan::results
