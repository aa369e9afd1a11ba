#include "core/data/field.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/data/image_folder.h"
#include "core/data/manifest.h"

namespace scgan {
namespace {

constexpr size_t kShownProblems = 20;

}  // namespace

std::vector<Field> list_fields(const DatasetSpec& spec) {
  std::vector<Field> fields =
      spec.kind == DataKind::kManifest ? list_manifest_fields(spec) : list_folder_fields(spec);
  if (spec.test_split == Split::kTest) return fields;
  const std::vector<Field> training = fields;
  for (Field field : training) {
    field.split += 2;
    fields.push_back(std::move(field));
  }
  return fields;
}

int64_t count_of(const std::vector<Field>& fields, size_t split) {
  return std::count_if(fields.begin(), fields.end(),
                       [&](const Field& field) { return field.split == split; });
}

void throw_if_any(const std::vector<std::string>& problems) {
  std::string text;
  size_t count = 0;
  for (const std::string& problem : problems) {
    if (problem.empty() || count++ >= kShownProblems) continue;
    text += (text.empty() ? "" : "\n") + problem;
  }
  if (count > kShownProblems) text += fmt::format("\n... and {} more", count - kShownProblems);
  if (count > 0) throw Error(ErrorKind::kData, text);
}

}  // namespace scgan
