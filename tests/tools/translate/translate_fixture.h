// A folder of images, and translate_folder() on it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tests/tools/translate/negative.h"
#include "tools/translate/translate.h"

namespace scgan {

// A TIFF of one line of three 32-bit floats, written by hand: little-endian, one strip behind the
// ten entries of its directory.
inline std::string float_tiff(const std::array<float, 3>& values) {
  constexpr std::array<std::array<uint32_t, 3>, 10> kEntries{{{256, 3, 3},
                                                              {257, 3, 1},
                                                              {258, 3, 32},
                                                              {259, 3, 1},
                                                              {262, 3, 1},
                                                              {273, 4, 8 + 2 + 120 + 4},
                                                              {277, 3, 1},
                                                              {278, 3, 1},
                                                              {279, 4, 12},
                                                              {339, 3, 3}}};  // tag, type, value
  std::string bytes("II\x2a\0\x08\0\0\0\x0a\0", 10);
  const auto append = [&](const void* number, size_t size) {
    bytes.append(static_cast<const char*>(number), size);
  };
  for (const auto& [tag, type, value] : kEntries) {
    const uint32_t one = 1;
    append(&tag, 2);
    append(&type, 2);
    append(&one, 4);
    append(&value, 4);
  }
  bytes += std::string(4, '\0');  // no second image
  append(values.data(), sizeof values);
  return bytes;
}

class TranslateFolderTest : public testing::Test {
 protected:
  std::filesystem::path path(const std::string& name) const { return folder_.path() / name; }

  void SetUp() override { std::filesystem::create_directories(path("in")); }

  TranslateResult translate(Generator& generator, const TranslateOptions& options = {},
                            const std::string& output = "out") const {
    return translate_folder(generator, path("in"), path(output), options, [](int64_t, int64_t) {});
  }
  std::string refusal(const TranslateOptions& options, const std::string& output = "out",
                      ErrorKind kind = ErrorKind::kInvalidSpec) const {
    return error_of(kind, [&] {
      Negative generator;
      translate(generator, options, output);
    });
  }

  TempDir folder_;
};

}  // namespace scgan
