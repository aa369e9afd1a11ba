#include "core/data/field.h"

#include <algorithm>
#include <utility>

#include "core/data/image_folder.h"
#include "core/data/manifest.h"

namespace scgan {
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

}  // namespace scgan
