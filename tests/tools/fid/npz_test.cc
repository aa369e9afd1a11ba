#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "tests/support/error_of.h"
#include "tools/fid/npy.h"

namespace scgan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string refusal(const std::function<void()>& action) {
  const std::string message = data_error_of(action);
  EXPECT_THAT(message, HasSubstr("f.npz"));
  return message;
}

// Files that npz_files.py wrote with NumPy.
std::string golden(const std::string& name) {
  return read_file(std::filesystem::path(SCGAN_GOLDEN_DIR) / name);
}

std::map<std::string, NpyArray> read(const std::string& bytes) {
  return parse_npz(bytes, "f.npz", {"mu", "sigma"});
}

std::string npy_with(const std::string& header, const std::string& numbers = "",
                     const std::string& version = std::string("\x01\x00", 2)) {
  std::string bytes = "\x93NUMPY" + version;
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  if (version[0] > 1) bytes += std::string(2, '\0');
  return bytes + header + numbers;
}

std::string refusal_of_npy(const std::string& bytes) {
  return refusal([&] { parse_npy(bytes, "f.npz"); });
}

class NumPyFiles : public testing::TestWithParam<const char*> {};

TEST_P(NumPyFiles, ArraysAreReadAsSaved) {
  const auto arrays = read(golden(GetParam()));
  EXPECT_THAT(arrays.at("mu").shape, ElementsAre(3));
  EXPECT_THAT(arrays.at("mu").values, ElementsAre(0.5, 1.5, 2.5));
  EXPECT_THAT(arrays.at("sigma").shape, ElementsAre(3, 3));
  EXPECT_THAT(arrays.at("sigma").values, ElementsAre(4, 1, 0.5, 1, 3, 0.25, 0.5, 0.25, 2));
}

TEST_P(NumPyFiles, TruncatedAtAnyByteAreRefused) {
  const std::string whole = golden(GetParam());
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(read(whole.substr(0, length)), Error) << length;
  }
}

TEST_P(NumPyFiles, WithAnyByteDamagedAreRefusedOrUnharmed) {
  const std::string whole = golden(GetParam());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    try {
      const auto arrays = read(damaged);  // for example, a byte of a date
      EXPECT_THAT(arrays.at("mu").values, ElementsAre(0.5, 1.5, 2.5)) << at;
      EXPECT_EQ(arrays.at("sigma").values.at(1), 1) << at;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData) << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, NumPyFiles,
                         testing::Values("stored.npz", "deflated.npz", "float32.npz"));

TEST(NpzTest, FortranOrderIsConvertedToCOrder) {
  const auto x = parse_npz(golden("fortran.npz"), "f.npz", {"x"}).at("x");
  EXPECT_THAT(x.shape, ElementsAre(2, 3));
  EXPECT_THAT(x.values, ElementsAre(0, 1, 2, 10, 11, 12));
}

TEST(NpzTest, TypesOtherThanLittleEndianFloatsAreRefused) {
  const std::string bytes = golden("others.npz");
  const auto refusal_of = [&](const char* array) {
    return refusal([&] { parse_npz(bytes, "f.npz", {array}); });
  };
  EXPECT_THAT(refusal_of("mu"), AllOf(HasSubstr("'>f8'"), HasSubstr("little-endian float64")));
  EXPECT_THAT(refusal_of("whole"), HasSubstr("'<i8'"));
  EXPECT_THAT(refusal_of("text"), HasSubstr("'<U5'"));
  EXPECT_THAT(refusal_of("records"), HasSubstr("holds records"));
  EXPECT_THAT(refusal_of("pickled"), HasSubstr("'|O'"));
}

TEST(NpzTest, AMissingArrayIsNamedWithTheArraysThatExist) {
  EXPECT_THAT(refusal([] {
                parse_npz(golden("fortran.npz"), "f.npz", {"mu", "sigma"});
              }),
              AllOf(HasSubstr("no array mu"), HasSubstr("holds x")));
}

TEST(NpzTest, AFileThatIsNotAZipArchiveIsRefused) {
  for (const std::string bytes : {"", "mu", "\x93NUMPY this is a single array and no archive"}) {
    EXPECT_THAT(refusal([&] { read(bytes); }), HasSubstr("not a zip archive"));
  }
}

TEST(NpzTest, WhatWasWrittenIsReadBack) {
  const NpyArray mu{{2}, {-1.25, 1e300}};
  const NpyArray sigma{{2, 2}, {1, 2, 3, 4}};
  const std::string bytes = to_npz({{"mu", mu}, {"sigma", sigma}});
  const auto arrays = read(bytes);
  EXPECT_EQ(arrays.at("mu").shape, mu.shape);
  EXPECT_EQ(arrays.at("mu").values, mu.values);
  EXPECT_EQ(arrays.at("sigma").shape, sigma.shape);
  EXPECT_EQ(arrays.at("sigma").values, sigma.values);
}

TEST(NpzTest, HasTheBytesThatNumPyWrites) {
  // numpy.lib.format.write_array of NumPy 2.4.6 for [1.0]: 118 bytes of header, numbers at 128.
  const std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }";
  const std::string expected = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + text +
                               std::string(117 - text.size(), ' ') + "\n" +
                               std::string("\0\0\0\0\0\0\xf0\x3f", 8);
  EXPECT_EQ(to_npy({{1}, {1.0}}), expected);
}

TEST(NpzTest, AnImpossibleUnpackedSizeIsRefused) {
  std::string bytes = golden("deflated.npz");
  const size_t entry = bytes.find("PK\x01\x02");
  bytes.replace(entry + 24, 4, std::string("\xff\xff\xff\x3f", 4));  // just below 1 GiB
  EXPECT_THAT(refusal([&] { read(bytes); }), HasSubstr("too many for"));
  bytes.replace(entry + 24, 4, std::string("\xff\xff\xff\xfe", 4));
  EXPECT_THAT(refusal([&] { read(bytes); }), HasSubstr("more than 1 GiB"));
}

TEST(NpzTest, AnEncryptedMemberIsRefused) {
  std::string bytes = golden("stored.npz");
  bytes[bytes.find("PK\x01\x02") + 8] |= 1;
  EXPECT_THAT(refusal([&] { read(bytes); }), HasSubstr("encrypted"));
}

TEST(NpzTest, AnotherCompressionIsRefused) {
  std::string bytes = golden("stored.npz");
  bytes[bytes.find("PK\x01\x02") + 10] = 12;  // bzip2
  EXPECT_THAT(refusal([&] { read(bytes); }), HasSubstr("other than deflate"));
}

TEST(NpyTest, ImpossibleShapesAreRefused) {
  const auto refusal_of = [](const std::string& shape) {
    return refusal_of_npy(
        npy_with("{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + "}", "12345678"));
  };
  EXPECT_THAT(refusal_of("(1000000000000,)"),
              HasSubstr("8000000000000 bytes of numbers, but it has 8"));
  EXPECT_THAT(refusal_of("(4294967296, 4294967296)"), HasSubstr("impossible shape"));
  EXPECT_THAT(refusal_of("(0, 9223372036854775807)"), HasSubstr("impossible shape"));
  EXPECT_THAT(refusal_of("(99999999999999999999,)"), HasSubstr("impossible shape"));
  EXPECT_THAT(refusal_of("(-1,)"), HasSubstr("impossible shape"));
  EXPECT_THAT(refusal_of("(2,)"), HasSubstr("16 bytes of numbers, but it has 8"));
  std::string deep = "(";
  for (int i = 0; i < 33; ++i) deep += "1,";
  EXPECT_THAT(refusal_of(deep + ")"), HasSubstr("impossible shape"));
}

TEST(NpyTest, HeadersThatAreNotUnderstoodAreRefused) {
  const std::string good = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}";
  EXPECT_EQ(parse_npy(npy_with(good, "12345678"), "f.npz").shape, std::vector<int64_t>{1});
  for (const std::string bad :
       {"", "{", "{}", "{'descr': '<f8'}", "{'descr' '<f8'}", "{'descr': }", "{'descr': '<f8}",
        "{'shape': (1,), 'fortran_order': Maybe, 'descr': '<f8'}",
        "{'shape': (1 1), 'fortran_order': True, 'descr': '<f8'}",
        "{'shape': (1,), 'shape': (1,), 'fortran_order': True, 'descr': '<f8'}",
        "{'shape': (1,), 'fortran_order': True, 'descr': '<f8', 'more': 1}",
        "{'shape': (1,), 'fortran_order': True, 'descr': '<f8'} x"}) {
    EXPECT_THAT(refusal_of_npy(npy_with(bad, "12345678")), HasSubstr("header")) << bad;
  }
}

TEST(NpyTest, VersionsTwoAndThreeAndPythonTwosLongNumbersAreRead) {
  const std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': (1L, 1L), }\n";
  for (const char version : {'\x02', '\x03'}) {
    const std::string bytes =
        npy_with(text, std::string("\0\0\0\0\0\0\xf0\x3f", 8), {version, '\0'});
    EXPECT_THAT(parse_npy(bytes, "f.npz").values, ElementsAre(1.0));
  }
  EXPECT_THAT(refusal_of_npy(npy_with(text, "12345678", {'\x04', '\0'})), HasSubstr("version 4"));
}

TEST(NpyTest, AScalarAndAnEmptyArrayAreRead) {
  const std::string begin = "{'descr': '<f4', 'fortran_order': True, 'shape': ";
  const auto scalar = parse_npy(npy_with(begin + "()}", std::string("\0\0\x80\x3f", 4)), "f.npz");
  EXPECT_TRUE(scalar.shape.empty());
  EXPECT_THAT(scalar.values, ElementsAre(1.0));
  EXPECT_TRUE(parse_npy(npy_with(begin + "(0, 7)}"), "f.npz").values.empty());
}

}  // namespace
}  // namespace scgan
