// Comma-separated text as RFC 4180 has it: a header, then rows; cells in double quotes may hold
// commas, line breaks and doubled quotes. As spreadsheets write it: line ends are LF, CRLF or CR; a
// UTF-8 byte order mark is ignored; cells are separated by semicolons or tabs if the header has no
// comma, or by what a first line "sep=;" names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scgan {

struct CsvRow {
  int64_t line = 0;  // where it begins in the file, from 1
  std::vector<std::string> cells;
};

struct CsvTable {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;  // without blank lines; each may have its own number of cells
};

// `name` is the file's for messages. Throws Error(kData) as NAME:LINE: a quote that does not end or
// stands inside an unquoted cell, text after a closing quote, a NUL, UTF-16, a cell over 64 KiB,
// more than 1,000 columns, a file over 256 MiB or without a header.
CsvTable parse_csv(std::string_view text, const std::string& name);

}  // namespace scgan
