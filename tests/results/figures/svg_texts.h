// Reads texts and points back from an SVG of results/figures, to check where they are.
#pragma once

#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "results/figures/svg.h"

namespace scgan::results {

struct SvgText {
  std::string content;
  // From the top of a digit to the baseline.
  double left = 0, right = 0, top = 0, bottom = 0;
};

inline double number_after(const std::string& text, const std::string& name, double otherwise) {
  const size_t at = text.find(" " + name + "=\"");
  return at == std::string::npos ? otherwise : std::stod(text.substr(at + name.size() + 3));
}

// All horizontal texts, in the order of the figure.
inline std::vector<SvgText> texts_of(const std::string& svg) {
  const std::regex element("<text x=([^>]*)>([^<]*)</text>");
  std::vector<SvgText> texts;
  for (std::sregex_iterator found(svg.begin(), svg.end(), element), end; found != end; ++found) {
    const std::string attributes = " x=" + (*found)[1].str();
    const double size = number_after(attributes, "font-size", kTextSize);
    const bool bold = attributes.find("bold") != std::string::npos;
    SvgText text{.content = (*found)[2]};
    const double width = text_width(text.content, size, bold);
    text.left = number_after(attributes, "x", -1);
    if (attributes.find("\"middle\"") != std::string::npos) text.left -= width / 2;
    if (attributes.find("\"end\"") != std::string::npos) text.left -= width;
    text.right = text.left + width;
    text.bottom = number_after(attributes, "y", -1);
    text.top = text.bottom - 0.75 * size;
    texts.push_back(text);
  }
  return texts;
}

// Those whose content matches.
inline std::vector<SvgText> texts_of(const std::string& svg, const std::string& pattern) {
  std::vector<SvgText> chosen;
  for (SvgText& text : texts_of(svg)) {
    if (std::regex_match(text.content, std::regex(pattern))) chosen.push_back(text);
  }
  return chosen;
}

// The title beside the y axis is inside the picture, from its left end to its right end.
inline void expect_vertical_title_fits(const std::string& svg) {
  const std::regex title("<text transform=\"translate\\(([^ ]+) ([^)]+)\\) rotate[^>]*>([^<]*)<");
  std::smatch found;
  if (!std::regex_search(svg, found, title)) return;
  const double half = text_width(found[3].str(), kTextSize) / 2, middle = std::stod(found[2]);
  EXPECT_GE(std::stod(found[1]), kTextSize);
  EXPECT_GE(middle - half, 0) << found[3];
  EXPECT_LE(middle + half, number_after(svg, "height", 0)) << found[3];
}

// No two texts share a pixel, and all are inside the picture.
inline void expect_readable(const std::string& svg) {
  const double width = number_after(svg, "width", 0), height = number_after(svg, "height", 0);
  const std::vector<SvgText> texts = texts_of(svg);
  for (size_t i = 0; i < texts.size(); ++i) {
    const SvgText& a = texts[i];
    EXPECT_TRUE(a.left >= 0 && a.right <= width && a.top >= 0 && a.bottom <= height)
        << a.content << " ends outside the picture";
    for (size_t j = i + 1; j < texts.size(); ++j) {
      const SvgText& b = texts[j];
      EXPECT_FALSE(a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
          << a.content << " lies on " << b.content;
    }
  }
  expect_vertical_title_fits(svg);
  for (const char* before : {"\"", " ", ">", "-"}) {
    for (const char* word : {"nan", "inf"}) {
      EXPECT_EQ(svg.find(std::string(before) + word), std::string::npos) << word;
    }
  }
}

}  // namespace scgan::results
