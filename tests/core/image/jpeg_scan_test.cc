#include "core/image/jpeg_scan.h"

#include <gtest/gtest.h>

#include <string>

namespace scgan {
namespace {

using namespace std::string_literals;

// A grey image of one row of blocks. DC: 0 = no change. AC: 0 = the rest is zero, 10 = the symbol.
JpegScan scan_of(int64_t blocks, uint8_t symbol = 0x01) {
  JpegComponent grey{.blocks = 1, .dc_divisor = 8, .dc = {}, .ac = {}};
  grey.dc.counts[0] = 1;
  grey.ac.counts[0] = 1;
  grey.ac.counts[1] = 1;
  grey.ac.symbols[1] = symbol;
  return {.units_per_row = blocks, .unit_rows = 1, .restart_interval = 0, .components = {grey}};
}

TEST(JpegScanTest, BlocksThatEndWithTheirDataAreAccepted) {
  EXPECT_EQ(damaged_row("\x00\xff\xd9"s, scan_of(4)), std::nullopt);  // 4 times 0 0
  EXPECT_EQ(damaged_row("\x4f\xff\xd9"s, scan_of(1)), 0);             // 0 10 0, then 1111 ...
  EXPECT_EQ(damaged_row("\x47\xff\xd9"s, scan_of(1)), std::nullopt);  // 0 10 0 0, filled with 111
}

TEST(JpegScanTest, TheLastByteIsFilledWithEqualBits) {
  EXPECT_EQ(damaged_row("\x03\xff\xd9"s, scan_of(3)), std::nullopt);
  EXPECT_EQ(damaged_row("\x00\xff\xd9"s, scan_of(3)), std::nullopt);
  EXPECT_EQ(damaged_row("\x02\xff\xd9"s, scan_of(3)), 0);
}

TEST(JpegScanTest, UpToTwoBytesMayBeLeftOver) {
  EXPECT_EQ(damaged_row("\x00\x55\x55\xff\xd9"s, scan_of(4)), std::nullopt);
  EXPECT_EQ(damaged_row("\x00\x55\x55\x55\xff\xd9"s, scan_of(4)), 0);
  EXPECT_EQ(damaged_row("\x00\xff\x00\xff\x00\xff\x00\xff\xd9"s, scan_of(4)), 0);  // 3 times 255
}

TEST(JpegScanTest, DataThatEndsEarlyIsDamage) {
  EXPECT_EQ(damaged_row("\x00\xff\xd9"s, scan_of(5)), 0);
  EXPECT_EQ(damaged_row("", scan_of(1)), 0);
}

TEST(JpegScanTest, CodesThatDoNotExistAreDamage) {
  EXPECT_EQ(damaged_row("\x7f\xff\xd9"s, scan_of(1)), 0);        // 0 11
  EXPECT_EQ(damaged_row("\x80\xff\xd9"s, scan_of(1)), 0);        // 1
  EXPECT_EQ(damaged_row("\x50\xff\xd9"s, scan_of(1, 0x10)), 0);  // 0 10: a run without a number
}

TEST(JpegScanTest, ABlockHasAtMost64Coefficients) {
  // 0, then three times 10 0, 15 zeros and a number: coefficients 16, 32, 48; then 0 and filling.
  EXPECT_EQ(damaged_row("\x49\x1f\xff\xd9"s, scan_of(1, 0xf1)), std::nullopt);
  // A fourth time: coefficient 64.
  EXPECT_EQ(damaged_row("\x49\x23\xff\xd9"s, scan_of(1, 0xf1)), 0);
}

TEST(JpegScanTest, MeansOutsideTheRangeOfEightBitsAreDamage) {
  JpegScan scan = scan_of(1);
  scan.components[0].dc.symbols[0] = 8;
  // 0, 10000001 = 129, 0: 129 * 8 = 1032, which rounding can make of 1024; 130 * 8 = 1040 is more.
  EXPECT_EQ(damaged_row("\x40\xbf\xff\xd9"s, scan), std::nullopt);
  EXPECT_EQ(damaged_row("\x41\x3f\xff\xd9"s, scan), 0);
}

TEST(JpegScanTest, RestartMarkersComeInTheirOrderAndPlace) {
  JpegScan scan = scan_of(4);
  scan.restart_interval = 2;
  EXPECT_EQ(damaged_row("\x0f\xff\xd0\x0f\xff\xd9"s, scan), std::nullopt);
  EXPECT_EQ(damaged_row("\x0f\xff\xd1\x0f\xff\xd9"s, scan), 0);
  EXPECT_EQ(damaged_row("\x00\xff\xd9"s, scan), 0);
}

}  // namespace
}  // namespace scgan
