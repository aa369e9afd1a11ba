#include "core/model/safetensors.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class SafetensorsTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "x.safetensors"; }

  // Writes a file with this header and `bytes` zeros.
  void write(const std::string& header, uint64_t bytes) const {
    write(header.size(), header, bytes);
  }
  void write(uint64_t claimed, const std::string& header, uint64_t bytes) const {
    std::string all(8, '\0');
    std::memcpy(all.data(), &claimed, 8);
    write_file_atomically(file(), all + header + std::string(bytes, '\0'));
  }

  // The error message for the file.
  std::string refusal() const {
    try {
      read_safetensors(file());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kData);
      EXPECT_THAT(error.what(), HasSubstr(file().string()));
      return error.what();
    }
    ADD_FAILURE() << "not refused";
    return "";
  }
  std::string refusal(const std::string& header, uint64_t bytes) const {
    write(header, bytes);
    return refusal();
  }

  TempDir folder_;
};

// Written by Python's package safetensors 0.8.0:
// save({"w": float32 [[1.5, -2, 0.25]], "count": int64 7, "mask": [True,
// False]}, metadata={"made": "by python"}).
const std::string& written_by_python() {
  static const std::string* const bytes = new std::string(
      std::string("\xd0\0\0\0\0\0\0\0", 8) +
      R"({"__metadata__":{"made":"by python"},"count":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
      R"("w":{"dtype":"F32","shape":[1,3],"data_offsets":[8,20]},)"
      R"("mask":{"dtype":"BOOL","shape":[2],"data_offsets":[20,22]}})" +
      std::string("\7\0\0\0\0\0\0\0\0\0\xc0\x3f\0\0\0\xc0\0\0\x80\x3e\1\0", 22));
  return *bytes;
}

NamedTensors tensors_of_python() {
  return {{"w", at::tensor({1.5F, -2.0F, 0.25F}).view({1, 3})},
          {"count", at::scalar_tensor(7, at::kLong)},
          {"mask", at::tensor({1, 0}, at::kByte).to(at::kBool)}};
}

TEST_F(SafetensorsTest, ReadsWhatPythonWrites) {
  ASSERT_EQ(written_by_python().size(), 238);
  write_file_atomically(file(), written_by_python());
  const SafetensorsFile content = read_safetensors(file());
  EXPECT_EQ(content.metadata, (std::map<std::string, std::string>{{"made", "by python"}}));
  ASSERT_EQ(content.tensors.size(), 3);
  std::map<std::string, at::Tensor> by_name(content.tensors.begin(), content.tensors.end());
  for (const auto& [name, tensor] : tensors_of_python()) {
    EXPECT_EQ(by_name[name].scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(by_name[name], tensor)) << name;
  }
}

TEST_F(SafetensorsTest, WritesTheBytesThatPythonWrites) {
  write_safetensors(file(), tensors_of_python(), {{"made", "by python"}});
  EXPECT_EQ(read_file(file()), written_by_python());
}

TEST_F(SafetensorsTest, EveryTypeAndShapeSurvivesARoundTrip) {
  NamedTensors tensors;
  for (const auto type : {at::kBool, at::kByte, at::kInt, at::kLong, at::kFloat, at::kDouble}) {
    const std::string name = c10::toString(type);
    tensors.emplace_back(name + ".matrix", at::arange(6).remainder(2).view({2, 3}).to(type));
    tensors.emplace_back(name + ".scalar", at::ones({}, type));
    tensors.emplace_back(name + ".empty", at::ones({3, 0, 2}, type));
  }
  tensors.emplace_back("transposed", at::arange(12.0).view({3, 4}).t());
  tensors.emplace_back("part", at::arange(12.0).narrow(0, 5, 3));
  tensors.emplace_back("a \"quoted\" \\ n\xc3\xa4me", at::full({1}, 4.5));
  write_safetensors(file(), tensors, {{"empty", ""}, {"line", "a\nb"}});
  const SafetensorsFile content = read_safetensors(file());
  EXPECT_EQ(content.metadata,
            (std::map<std::string, std::string>{{"empty", ""}, {"line", "a\nb"}}));
  ASSERT_EQ(content.tensors.size(), tensors.size());
  std::map<std::string, at::Tensor> by_name(content.tensors.begin(), content.tensors.end());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(by_name.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(by_name.at(name).sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(at::equal(by_name.at(name), tensor)) << name;
  }
}

TEST_F(SafetensorsTest, FileWithoutTensorsSurvivesARoundTrip) {
  write_safetensors(file(), {}, {});
  EXPECT_TRUE(read_safetensors(file()).tensors.empty());
}

TEST_F(SafetensorsTest, TensorsOfOneTypeKeepTheirOrder) {
  write_safetensors(file(), {{"z", at::ones({2})}, {"a", at::ones({1})}, {"m", at::ones({3})}}, {});
  const SafetensorsFile content = read_safetensors(file());
  ASSERT_EQ(content.tensors.size(), 3);
  EXPECT_EQ(content.tensors[0].first, "z");
  EXPECT_EQ(content.tensors[1].first, "a");
  EXPECT_EQ(content.tensors[2].first, "m");
}

TEST_F(SafetensorsTest, WriterRejectsDuplicateNamesAndOtherTypes) {
  const at::Tensor one = at::ones({1});
  EXPECT_THROW(write_safetensors(file(), {{"w", one}, {"w", one}}, {}), Error);
  EXPECT_THROW(write_safetensors(file(), {{"__metadata__", one}}, {}), Error);
  EXPECT_THROW(write_safetensors(file(), {{"w", one.to(at::kHalf)}}, {}), Error);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(SafetensorsTest, RejectsFilesThatAreMissingOrTooShort) {
  EXPECT_THAT(refusal(), HasSubstr("cannot be read"));
  write_file_atomically(file(), std::string("\1\0\0", 3));
  EXPECT_THAT(refusal(), HasSubstr("too few"));
}

TEST_F(SafetensorsTest, RejectsEveryTruncation) {
  for (size_t size = 0; size < written_by_python().size(); ++size) {
    write_file_atomically(file(), written_by_python().substr(0, size));
    refusal();
  }
}

TEST_F(SafetensorsTest, RejectsHeadersThatAreTooLong) {
  write(3, "{}", 0);
  EXPECT_THAT(refusal(), HasSubstr("claims 3 bytes"));
  write(~uint64_t{0}, "{}", 0);
  EXPECT_THAT(refusal(), HasSubstr("claims"));
  write(100'000'001, "{}", 0);
  std::filesystem::resize_file(file(),
                               100'000'100);  // a file long enough for it
  EXPECT_THAT(refusal(), HasSubstr("100000000 are the most"));
}

TEST_F(SafetensorsTest, RejectsHeadersThatAreNotJsonObjects) {
  for (const char* header :
       {"", "[]", "null", " {}", "{", "{}}", "{\"a\":}", "{\"\xff\":1}", "{} x"}) {
    refusal(header, 0);
  }
  EXPECT_THAT(refusal("[1]", 0), HasSubstr("does not begin with {"));
  EXPECT_THAT(refusal("{\"a\"", 0), HasSubstr("not a JSON object"));
}

TEST_F(SafetensorsTest, RejectsDeepNesting) {
  EXPECT_THAT(refusal(R"({"a":{"shape":[[1]]}})", 0), HasSubstr("nested too deeply"));
  const std::string deep(1'000'000, '[');
  EXPECT_THAT(refusal("{\"a\":" + deep + std::string(1'000'000, ']') + "}", 0),
              HasSubstr("nested too deeply"));
  EXPECT_THAT(refusal("{\"a\":" + deep, 0), HasSubstr("nested too deeply"));
}

TEST_F(SafetensorsTest, RejectsDuplicateNames) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                      R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                      2),
              HasSubstr("'a' twice"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
              HasSubstr("'dtype' twice"));
}

TEST_F(SafetensorsTest, RejectsGapsOverlapsAndLeftoverBytes) {
  const auto two = [&](const char* first, const char* second, uint64_t bytes) {
    return refusal(std::string(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":)") + first +
                       R"(},"b":{"dtype":"U8","shape":[2],"data_offsets":)" + second + "}}",
                   bytes);
  };
  EXPECT_THAT(two("[0,2]", "[3,5]", 5), HasSubstr("a gap, an overlap"));
  EXPECT_THAT(two("[0,2]", "[1,3]", 3), HasSubstr("a gap, an overlap"));
  EXPECT_THAT(two("[0,2]", "[0,2]", 2), HasSubstr("a gap, an overlap"));
  EXPECT_THAT(two("[1,3]", "[3,5]", 5), HasSubstr("a gap, an overlap"));
  EXPECT_THAT(two("[0,2]", "[2,4]", 3), HasSubstr("past the end"));
  EXPECT_THAT(two("[0,2]", "[2,0]", 2), HasSubstr("a gap, an overlap"));
  EXPECT_THAT(two("[0,2]", "[2,18446744073709551615]", 4), HasSubstr("past the end"));
  EXPECT_THAT(two("[0,2]", "[2,4]", 5), HasSubstr("belong to no tensor"));
}

TEST_F(SafetensorsTest, RejectsNumbersThatAreNotCounts) {
  for (const char* number : {"-1", "1.0", "1e0", "\"1\"", "null", "true", "18446744073709551616"}) {
    EXPECT_THAT(refusal(std::string(R"({"a":{"dtype":"U8","shape":[)") + number +
                            R"(],"data_offsets":[0,1]}})",
                        1),
                HasSubstr("'shape'"))
        << number;
    EXPECT_THAT(refusal(std::string(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,)") +
                            number + "]}}",
                        1),
                HasSubstr("'data_offsets'"))
        << number;
  }
}

TEST_F(SafetensorsTest, RejectsShapesThatDoNotFitTheBytes) {
  const auto shape = [&](const char* sides, uint64_t bytes) {
    return refusal(std::string(R"({"a":{"dtype":"F32","shape":[)") + sides +
                       R"(],"data_offsets":[0,)" + std::to_string(bytes) + "]}}",
                   bytes);
  };
  EXPECT_THAT(shape("2", 4), HasSubstr("has 4 bytes, its shape needs 8"));
  EXPECT_THAT(shape("0", 4), HasSubstr("its shape needs 0"));
  EXPECT_THAT(shape("4294967296,4294967296", 4), HasSubstr("impossible shape"));
  EXPECT_THAT(shape("4611686018427387904", 0), HasSubstr("impossible shape"));
  EXPECT_THAT(shape("9223372036854775808", 0), HasSubstr("impossible shape"));
  EXPECT_THAT(shape("0,4611686018427387904,4611686018427387904", 0), HasSubstr("impossible shape"));
  std::string ones = "1";
  for (int i = 0; i < 99; ++i) ones += ",1";
  EXPECT_THAT(shape(ones.c_str(), 4), HasSubstr("impossible shape"));
}

TEST_F(SafetensorsTest, RejectsUnknownTypesAndMissingFields) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1),
              HasSubstr("'F8_E4M3'"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":4,"shape":[1],"data_offsets":[0,1]}})", 1),
              HasSubstr("type ''"));
  EXPECT_THAT(refusal(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1), HasSubstr("type ''"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", 1),
              HasSubstr("no list 'shape'"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1]}})", 1),
              HasSubstr("no list 'data_offsets'"));
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1]}})", 1),
              HasSubstr("does not have two offsets"));
  EXPECT_THAT(refusal(R"({"a":5})", 0), HasSubstr("no list"));
}

TEST_F(SafetensorsTest, RejectsMetadataThatIsNotText) {
  EXPECT_THAT(refusal(R"({"__metadata__":{"step":3}})", 0), HasSubstr("'step' is not a string"));
  EXPECT_THAT(refusal(R"({"__metadata__":["a"]})", 0), HasSubstr("not an object of strings"));
}

TEST_F(SafetensorsTest, RejectsBooleansThatAreNeitherZeroNorOne) {
  std::string bytes = written_by_python();
  bytes.back() = '\2';
  write_file_atomically(file(), bytes);
  EXPECT_THAT(refusal(), HasSubstr("neither 0 nor 1"));
}

}  // namespace
}  // namespace scgan
