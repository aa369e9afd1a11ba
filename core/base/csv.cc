#include "core/base/csv.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.h"

namespace scgan {
namespace {

constexpr size_t kMostBytes = size_t{256} << 20;
constexpr size_t kLongestCell = size_t{64} << 10;
constexpr size_t kMostColumns = 1000;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class Parser {
 public:
  Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {
    if (text_.starts_with("sep=") && text_.size() > 4) {
      separator_ = text_[4];
      next_ = 5;
      return;
    }
    const std::string_view header = text_.substr(0, text_.find_first_of("\r\n"));
    if (header.find(',') != std::string_view::npos) return;
    const size_t other = header.find_first_of(";\t");
    if (other != std::string_view::npos) separator_ = header[other];
  }

  // The next row that is not blank, or one without cells at the end.
  CsvRow row() {
    while (next_ < text_.size() && skip_line_end()) {
    }
    CsvRow row{line_, {}};
    while (next_ < text_.size()) {
      add(row, text_[next_] == '"' ? quoted_cell() : plain_cell());
      if (next_ == text_.size() || skip_line_end()) break;
      ++next_;                                  // the separator
      if (next_ == text_.size()) add(row, "");  // the last cell is empty
    }
    return row;
  }

 private:
  [[noreturn]] void fail_at(int64_t line, const std::string& problem) const {
    throw Error(ErrorKind::kData, fmt::format("{}:{}: {}", name_, line, problem));
  }
  [[noreturn]] void fail(const std::string& problem) const { fail_at(line_, problem); }

  void add(CsvRow& row, std::string cell) const {
    if (row.cells.size() == kMostColumns) fail(fmt::format("more than {} columns", kMostColumns));
    row.cells.push_back(std::move(cell));
  }

  bool skip_line_end() {
    if (!is_line_end(text_[next_])) return false;
    if (text_.substr(next_).starts_with("\r\n")) ++next_;
    ++next_;
    ++line_;
    return true;
  }

  static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

  void append(std::string& cell, char c) const {
    if (c == '\0') fail("contains a NUL byte; it must be a CSV file in UTF-8");
    if (cell.size() == kLongestCell) {
      fail(fmt::format("a cell is longer than {} bytes", kLongestCell));
    }
    cell += c;
  }

  std::string plain_cell() {
    std::string cell;
    for (; next_ < text_.size() && text_[next_] != separator_ && !is_line_end(text_[next_]);
         ++next_) {
      if (text_[next_] == '"') {
        fail("a quote inside a cell; put the whole cell in quotes and double the quote");
      }
      append(cell, text_[next_]);
    }
    return cell;
  }

  std::string quoted_cell() {
    const int64_t begin = line_;
    std::string cell;
    for (++next_; next_ < text_.size(); ++next_) {
      if (text_[next_] == '"') {
        if (!text_.substr(next_ + 1).starts_with('"')) {
          ++next_;
          check_end_of_quoted();
          return cell;
        }
        ++next_;  // a doubled quote stands for one
      }
      if (text_[next_] == '\n' ||
          (text_[next_] == '\r' && !text_.substr(next_ + 1).starts_with('\n'))) {
        ++line_;
      }
      append(cell, text_[next_]);
    }
    fail_at(begin, "a quote begins here and does not end");
  }

  void check_end_of_quoted() const {
    const std::string_view rest = text_.substr(next_);
    if (rest.empty() || rest[0] == separator_ || is_line_end(rest[0])) return;
    fail(fmt::format("text after a closing quote; a {} or the end of the line must follow",
                     separator_ == ',' ? "comma" : "separator"));
  }

  std::string_view text_;
  const std::string& name_;
  char separator_ = ',';
  size_t next_ = 0;
  int64_t line_ = 1;
};

}  // namespace

CsvTable parse_csv(std::string_view text, const std::string& name) {
  if (text.size() > kMostBytes) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: {} bytes are more than {}", name, text.size(), kMostBytes));
  }
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    throw Error(ErrorKind::kData,
                fmt::format("{}: is UTF-16 text; it must be UTF-8 (in Excel: save as \"CSV UTF-8 "
                            "(comma delimited)\")",
                            name));
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Parser parser(text, name);
  CsvTable table;
  table.header = parser.row().cells;
  if (table.header.empty()) throw Error(ErrorKind::kData, fmt::format("{}: is empty", name));
  for (CsvRow row = parser.row(); !row.cells.empty(); row = parser.row()) {
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace scgan
