#include "results/report/event_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace scgan::results {
namespace {

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

// The check value of CRC-32C in the catalogue of CRC algorithms, and an example of RFC 3720.
TEST(EventFileTest, ChecksumIsCrc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(""), 0U);
}

// Written by tensorboard 2.21.0: RecordWriter of Event(file_version="brain.Event:2") and of
// Event(step=300, summary=...) with these two values.
TEST(EventFileTest, BytesAreThoseThatTensorBoardWrites) {
  EventFile file;
  file.add(300, {{"learning_rate", 0.0002}, {"loss/d_a", 0.25}});
  EXPECT_EQ(
      hex(file.bytes()),
      "0f000000000000006d532b09"
      "1a0d627261696e2e4576656e743a32"
      "fc985129"
      "2c00000000000000f4aecc45"
      "10ac022a270a140a0d6c6561726e696e675f726174651517b751390a0f0a086c6f73732f645f61150000803e"
      "418f1c41");
}

// The same with Event(wall_time=1700000000.25, ...) and Event(wall_time=1700000001.5, ...).
TEST(EventFileTest, TimesAreThoseThatTensorBoardWrites) {
  EventFile file(1700000000.25);
  file.add(300, {{"loss/d_a", 0.25}}, 1700000001.5);
  EXPECT_EQ(hex(file.bytes()),
            "1800000000000000a37f4b22"
            "0900001040fc54d9411a0d627261696e2e4576656e743a32"
            "338d2fe9"
            "1f00000000000000514b4418"
            "0900006040fc54d94110ac022a110a0f0a086c6f73732f645f61150000803e"
            "40dedb50");
}

}  // namespace
}  // namespace scgan::results
