#include "sweeps/plan/label.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

namespace scgan::sweeps {
namespace {

// nullopt if the text is not UTF-8 (RFC 3629): overlong forms, surrogates and numbers above
// U+10FFFF are not. yaml-cpp does not check it.
std::optional<std::u32string> utf8_characters(const std::string& text) {
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};  // by number of bytes
  std::u32string characters;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const auto ones = static_cast<size_t>(std::countl_one(lead));
    const size_t bytes = std::max<size_t>(1, ones);
    if (ones == 1 || bytes > 4 || i + bytes > text.size()) return std::nullopt;
    char32_t character = ones == 0 ? lead : lead & (0x7fU >> bytes);
    for (size_t k = i + 1; k < i + bytes; ++k) {
      const auto next = static_cast<unsigned char>(text[k]);
      if ((next & 0xc0U) != 0x80U) return std::nullopt;
      character = character << 6U | (next & 0x3fU);
    }
    const bool is_surrogate = character >= 0xd800 && character < 0xe000;
    if (character < kLeast[bytes] || is_surrogate || character > 0x10ffff) return std::nullopt;
    characters.push_back(character);
    i += bytes;
  }
  return characters;
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

}  // namespace

bool is_label(const std::string& text) {
  constexpr size_t kMost = 100;
  const auto characters = utf8_characters(text);
  return characters && !characters->empty() && characters->size() <= kMost &&
         std::ranges::none_of(*characters, is_control) && text.front() != ' ' &&
         text.back() != ' ' && text.find("  ") == std::string::npos;
}

}  // namespace scgan::sweeps
