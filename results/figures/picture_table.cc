#include "results/figures/picture_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "results/figures/markup.h"
#include "results/figures/svg.h"

namespace scgan::results {
namespace {

constexpr double kPictureGap = 6, kBlockGap = 24;
constexpr double kShownSide = 96;  // about
constexpr double kWidestTitle = 150;

using Uris = std::vector<std::string>;  // of all pictures, by block, column and row

void for_each_column(PictureTable& table, auto&& change) {
  for (PictureBlock& block : table.blocks) {
    for (PictureColumn& column : block.columns) change(column);
  }
}

size_t row_count(const PictureTable& table) {
  size_t rows = 0;
  for (const PictureBlock& block : table.blocks) {
    for (const PictureColumn& column : block.columns) rows = std::max(rows, column.pictures.size());
  }
  return rows;
}

size_t side_of(const PictureTable& table) {
  size_t side = 0;
  for (const PictureBlock& block : table.blocks) {
    for (const PictureColumn& column : block.columns) {
      for (const Picture& picture : column.pictures) side = std::max(side, picture.side);
    }
  }
  return side;
}

Uris encode_all(const PictureTable& table) {
  Uris uris;
  for (const PictureBlock& block : table.blocks) {
    for (const PictureColumn& column : block.columns) {
      for (const Picture& picture : column.pictures) {
        uris.push_back(data_uri(encode_png(picture)));
      }
    }
  }
  return uris;
}

size_t size_of(const Uris& uris) {
  size_t size = 0;
  for (const std::string& uri : uris) size += uri.size();
  return size;
}

// Makes the table smaller until it fits, and returns its pictures.
Uris fit(PictureTable& table, size_t most_bytes) {
  constexpr size_t kFewestRows = 2, kSmallestSide = 32;
  for (;;) {
    Uris uris = encode_all(table);
    const size_t rows = row_count(table);
    if (size_of(uris) <= most_bytes) return uris;
    if (rows > kFewestRows) {
      for_each_column(table, [&](PictureColumn& column) {
        column.pictures.resize(std::min(column.pictures.size(), rows - 1));
      });
    } else if (side_of(table) >= 2 * kSmallestSide) {
      for_each_column(table, [](PictureColumn& column) {
        for (Picture& picture : column.pictures) picture = halved(picture);
      });
    } else {
      return uris;
    }
  }
}

// Draws columns of equal width; all positions are of upper left corners.
class TableDrawing {
 public:
  TableDrawing(const PictureTable& table, Uris uris) : table_(table), uris_(std::move(uris)) {
    const auto side = static_cast<double>(std::max<size_t>(1, side_of(table)));
    scale_ = std::max(1.0, std::round(kShownSide / side));
    shown_ = row_count(table) == 0 ? kShownSide : side * scale_;
    double title = 0;
    for (const PictureBlock& block : table.blocks) {
      for (const PictureColumn& column : block.columns) {
        title = std::max({title, text_width(column.title, kTextSize),
                          text_width(column.subtitle, kSmallTextSize)});
      }
    }
    column_ = std::max(shown_, std::min(title, kWidestTitle)) + kPictureGap;
  }

  std::string svg() {
    const size_t columns = table_.blocks.empty() ? 0 : table_.blocks.front().columns.size();
    const double width = std::max(2 * kMargin + static_cast<double>(columns) * column_,
                                  2 * kMargin + text_width(table_.title, kTitleSize, true));
    std::string body = text_at(kMargin, y_ + 6, table_.title, {.size = kTitleSize, .bold = true});
    y_ += 6;
    for (const PictureBlock& block : table_.blocks) body += draw(block);
    return svg_document(width, y_ + kMargin, table_.alt, body);
  }

 private:
  std::string draw(const PictureBlock& block) {
    y_ += kBlockGap;
    std::string svg = text_at(kMargin, y_, block.title, {.bold = true});
    y_ += 5;
    // Titles end at the same height.
    const size_t rows = most_lines(block, &PictureColumn::title, kTextSize);
    const size_t small_rows = most_lines(block, &PictureColumn::subtitle, kSmallTextSize);
    const double top = y_ + kTextRow * static_cast<double>(rows + small_rows) + 8;
    double x = kMargin;
    for (const PictureColumn& column : block.columns) {
      svg += lines(x, y_ + kTextRow * static_cast<double>(rows), column.title, {});
      svg += lines(x, y_ + kTextRow * static_cast<double>(rows + small_rows), column.subtitle,
                   {.size = kSmallTextSize, .muted = true});
      svg += pictures(column, x, top);
      x += column_;
    }
    const auto shown_rows = static_cast<double>(std::max<size_t>(1, row_count(table_)));
    y_ = top + shown_rows * (shown_ + kPictureGap);
    return svg;
  }

  size_t most_lines(const PictureBlock& block, std::string PictureColumn::*text,
                    double size) const {
    size_t most = 0;
    for (const PictureColumn& column : block.columns) {
      most = std::max(most, wrap_text(column.*text, column_ - kPictureGap, size).size());
    }
    return most;
  }

  // The last line stands on `bottom`.
  std::string lines(double x, double bottom, const std::string& text,
                    const TextStyle& style) const {
    const std::vector<std::string> wrapped = wrap_text(text, column_ - kPictureGap, style.size);
    std::string svg;
    double y = bottom - kTextRow * (static_cast<double>(wrapped.size()) - 1);
    for (const std::string& line : wrapped) {
      svg += text_at(x, y, line, style);
      y += kTextRow;
    }
    return svg;
  }

  std::string pictures(const PictureColumn& column, double x, double top) {
    if (column.pictures.empty()) return no_pictures(column, x, top);
    std::string svg;
    double y = top;
    for (const Picture& picture : column.pictures) {
      const double side = static_cast<double>(picture.side) * scale_;
      svg += fmt::format(
          "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{} href=\"{}\"><title>{}</title>"
          "</image>\n",
          px(x), px(y), px(side), px(side),
          scale_ > 1 ? " style=\"image-rendering:pixelated\"" : "", uris_.at(next_++),
          escape_markup(column.title + (column.subtitle.empty() ? "" : ", " + column.subtitle)));
      y += shown_ + kPictureGap;
    }
    return svg;
  }

  std::string no_pictures(const PictureColumn& column, double x, double top) const {
    std::string svg = fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke-dasharray=\"3 3\" "
        "{}/>\n",
        px(x), px(top), px(shown_), px(shown_), kGridStyle);
    double y = top + shown_ / 2 - 6;
    for (const std::string& line : wrap_text(column.why_empty, shown_ - 12, kSmallTextSize)) {
      svg += text_at(x + shown_ / 2, y, line,
                     {.size = kSmallTextSize, .anchor = "middle", .muted = true});
      y += kTextRow;
    }
    return svg;
  }

  const PictureTable& table_;
  Uris uris_;
  size_t next_ = 0;
  double scale_ = 1, shown_ = 0, column_ = 0, y_ = kMargin;
};

}  // namespace

std::string picture_table_svg(PictureTable table, size_t most_bytes) {
  Uris uris = fit(table, most_bytes);
  return TableDrawing(table, std::move(uris)).svg();
}

}  // namespace scgan::results
