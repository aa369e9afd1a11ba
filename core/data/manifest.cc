#include "core/data/manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/csv.h"
#include "core/base/error.h"
#include "core/base/parallel_for.h"
#include "core/base/problems.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kChannels{"red", "green", "blue"};

std::string trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(" \t") + 1 - begin));
}

// Where the columns are that matter.
struct Columns {
  size_t count = 0;
  size_t split = 0, domain = 0;
  std::optional<size_t> name, file;
  std::optional<std::array<size_t, 3>> channels;
};

class ManifestHeader {
 public:
  ManifestHeader(const CsvTable& table, const std::string& manifest) : manifest_(manifest) {
    for (const std::string& cell : table.header) names_.push_back(trimmed(cell));
  }

  Columns columns() const {
    Columns columns{names_.size(), required("split"), required("domain"),
                    find("name"),  find("file"),      std::nullopt};
    const bool any = std::any_of(kChannels.begin(), kChannels.end(),
                                 [&](std::string_view name) { return find(name).has_value(); });
    if (any) columns.channels = {required("red"), required("green"), required("blue")};
    if (!any && !columns.file) {
      fail("has neither a column file nor the columns red, green and blue");
    }
    return columns;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kData, fmt::format("{}:1: the header {}; its columns are {}", manifest_,
                                              problem, fmt::join(names_, ", ")));
  }

  std::optional<size_t> find(std::string_view name) const {
    const auto place = std::find(names_.begin(), names_.end(), name);
    if (place == names_.end()) return std::nullopt;
    if (std::find(place + 1, names_.end(), name) != names_.end()) {
      fail(fmt::format("has two columns {}", name));
    }
    return static_cast<size_t>(place - names_.begin());
  }

  size_t required(std::string_view name) const {
    const auto place = find(name);
    if (!place) fail(fmt::format("has no column {}", name));
    return *place;
  }

  std::string manifest_;
  std::vector<std::string> names_;
};

// The fields of the rows, and the problems of each row.
class Rows {
 public:
  Rows(const DatasetSpec& spec, const CsvTable& table, const std::function<bool(Split)>& is_used)
      : is_split_used_(is_used),
        manifest_(spec.manifest),
        base_(spec.root.empty() ? fs::path(spec.manifest).parent_path() : fs::path(spec.root)),
        table_(table),
        columns_(ManifestHeader(table, spec.manifest).columns()),
        fields_(table.rows.size()),
        splits_(table.rows.size()),
        problems_(table.rows.size()) {
    for (size_t row = 0; row < fields_.size(); ++row) read(row);
    parallel_for(fields_.size(), [&](size_t row) { find_files(row); });
    find_doubles();
  }

  std::vector<FieldOfView> fields() const {
    std::vector<std::string> all;
    for (const auto& problems : problems_) all.insert(all.end(), problems.begin(), problems.end());
    for (const Split split : kSplits) {
      if (is_split_used_(split) && std::ranges::count(splits_, std::optional(split)) == 0) {
        all.push_back(fmt::format("{}: no row has the split {} and the domain {}", manifest_,
                                  is_training(split) ? "train" : "test", "AB"[domain_of(split)]));
      }
    }
    throw_if_any(all);
    return fields_;
  }

 private:
  void note(size_t row, const std::string& problem) {
    problems_[row].push_back(fmt::format("{}:{}: {}", manifest_, table_.rows[row].line, problem));
  }

  std::string cell(size_t row, size_t column) const {
    return trimmed(table_.rows[row].cells[column]);
  }

  void read(size_t row) {
    const CsvRow& from = table_.rows[row];
    FieldOfView& field = fields_[row];
    if (from.cells.size() != columns_.count) {
      note(row,
           fmt::format("has {} cells, but the header has {}", from.cells.size(), columns_.count));
      return;
    }
    field.origin = fmt::format("{}:{}: ", manifest_, from.line);
    read_split(row);
    read_files(row);
    read_name(row);
    if (splits_[row]) field.label = fmt::format("{}/{}", to_string(field.split), field.name);
  }

  void read_split(size_t row) {
    const std::string split = cell(row, columns_.split);
    const std::string domain = cell(row, columns_.domain);
    if (split != "train" && split != "test") {
      note(row, fmt::format("split is \"{}\"; it must be train or test", split));
    }
    if (domain != "A" && domain != "B") {
      note(row, fmt::format("domain is \"{}\"; it must be A or B", domain));
    }
    if (problems_[row].empty()) {
      const Split training = domain == "A" ? Split::kTrainA : Split::kTrainB;
      fields_[row].split = split == "train" ? training : test_split_of(training);
      splits_[row] = fields_[row].split;
    }
  }

  void read_files(size_t row) {
    const std::string file = columns_.file ? cell(row, *columns_.file) : "";
    std::array<std::string, 3> channels;
    bool any = false;
    for (size_t c = 0; columns_.channels && c < 3; ++c) {
      channels[c] = cell(row, (*columns_.channels)[c]);
      any = any || !channels[c].empty();
    }
    if (file.empty() && !any) {
      note(row, columns_.channels
                    ? "names no file; it must name at least one of red, green and blue"
                    : "names no file");
    } else if (!file.empty() && any) {
      note(row, "names both a file and channels; it must name either");
    } else if (any) {
      for (const std::string& channel : channels) add_file(row, channel);
    } else {
      add_file(row, file);
    }
  }

  // An absolute path stays as it is. Backslashes separate folders, as on Windows, unless a file has
  // them in its name.
  void add_file(size_t row, std::string file) {
    std::error_code failed;
    if (file.find('\\') != std::string::npos && !fs::exists(base_ / file, failed)) {
      const bool has_drive = file.size() > 1 && file[1] == ':';
      if (has_drive || file.starts_with("\\\\")) {
        note(row, fmt::format("{} is a path of Windows; write it as seen from this machine, best "
                              "relative to data.root",
                              file));
      }
      std::replace(file.begin(), file.end(), '\\', '/');
    }
    fields_[row].files.push_back(file.empty() ? fs::path() : base_ / file);
  }

  void read_name(size_t row) {
    FieldOfView& field = fields_[row];
    if (columns_.name) field.name = cell(row, *columns_.name);
    if (field.name.find('/') != std::string::npos || field.name.starts_with(".")) {
      note(row, fmt::format("the name \"{}\" is not a file name", field.name));
    }
    for (const fs::path& file : field.files) {
      if (field.name.empty()) field.name = file.stem().string();
    }
  }

  // Rows of a split that is not used are read, but their files need not be there.
  bool is_used(size_t row) const { return splits_[row] && is_split_used_(*splits_[row]); }

  void find_files(size_t row) {
    if (splits_[row] && !is_used(row)) return;
    for (const fs::path& file : fields_[row].files) {
      std::error_code failed;
      const fs::file_status status = fs::status(file, failed);
      if (file.empty() || fs::is_regular_file(status)) continue;
      note(row, fmt::format("{}: {}", file.string(),
                            !fs::exists(status) ? "no such file" : "is not a file"));
    }
  }

  void find_doubles() {
    std::map<std::pair<Split, std::vector<fs::path>>, int64_t> lines_of_files;
    std::map<std::pair<Split, std::string>, int64_t> lines_of_names;
    for (size_t row = 0; row < fields_.size(); ++row) {
      const FieldOfView& field = fields_[row];
      if (!is_used(row) || field.files.empty()) continue;
      const int64_t line = table_.rows[row].line;
      const auto [same, is_new] = lines_of_files.try_emplace({field.split, absolute(field)}, line);
      const auto [named, is_new_name] = lines_of_names.try_emplace({field.split, field.name}, line);
      if (!is_new) {
        note(row, fmt::format("the same files as in line {}", same->second));
      } else if (!is_new_name) {
        note(row, fmt::format("its name \"{}\" is that of line {} too; a column name can give "
                              "each row of a split its own",
                              field.name, named->second));
      }
    }
  }

  static std::vector<fs::path> absolute(const FieldOfView& field) {
    std::vector<fs::path> files;
    for (const fs::path& file : field.files) {
      files.push_back(file.empty() ? file : fs::absolute(file).lexically_normal());
    }
    return files;
  }

  const std::function<bool(Split)>& is_split_used_;
  std::string manifest_;
  fs::path base_;
  const CsvTable& table_;
  Columns columns_;
  std::vector<FieldOfView> fields_;
  std::vector<std::optional<Split>> splits_;  // nullopt: not a valid split
  std::vector<std::vector<std::string>> problems_;
};

// The rows of the splits for which `is_used` returns true.
std::vector<FieldOfView> list_splits(const DatasetSpec& spec,
                                     const std::function<bool(Split)>& is_used) {
  CsvTable table = parse_csv(
      read_data_file(spec.manifest, "a CSV file; data.kind: folders reads folders"), spec.manifest);
  // Spreadsheets save rows of empty cells, and empty cells behind the last column.
  for (CsvRow& row : table.rows) {
    while (row.cells.size() > table.header.size() && trimmed(row.cells.back()).empty()) {
      row.cells.pop_back();
    }
  }
  std::erase_if(table.rows, [](const CsvRow& row) {
    return std::ranges::all_of(row.cells,
                               [](const std::string& cell) { return trimmed(cell).empty(); });
  });
  std::vector<FieldOfView> fields = Rows(spec, table, is_used).fields();
  std::erase_if(fields, [&](const FieldOfView& field) { return !is_used(field.split); });
  std::sort(fields.begin(), fields.end(), [](const FieldOfView& a, const FieldOfView& b) {
    return std::tie(a.split, a.name) < std::tie(b.split, b.name);
  });
  PerSplit<int64_t> counts;
  for (FieldOfView& field : fields) field.index = counts[field.split]++;
  return fields;
}

}  // namespace

std::vector<FieldOfView> list_manifest_fields(const DatasetSpec& spec) {
  return list_splits(spec, [&](Split split) { return is_listed(spec, split); });
}

std::vector<FieldOfView> list_manifest_split(const fs::path& manifest, Split split) {
  DatasetSpec spec;
  spec.kind = DataKind::kManifest;
  spec.manifest = manifest.string();
  return list_splits(spec, [split](Split other) { return other == split; });
}

}  // namespace scgan
