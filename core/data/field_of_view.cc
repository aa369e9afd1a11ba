#include "core/data/field_of_view.h"

#include <utility>

#include "core/base/sha256.h"
#include "core/data/image_folder.h"
#include "core/data/manifest.h"

namespace scgan {

std::vector<FieldOfView> list_fields(const DatasetSpec& spec) {
  std::vector<FieldOfView> fields =
      spec.kind == DataKind::kManifest ? list_manifest_fields(spec) : list_folder_fields(spec);
  if (spec.test_split == TestSplit::kTest) return fields;
  const std::vector<FieldOfView> training = fields;
  for (FieldOfView field : training) {
    field.split = test_split_of(field.split);
    fields.push_back(std::move(field));
  }
  return fields;
}

std::string data_digest(const std::vector<FieldOfView>& fields,
                        const std::vector<std::string>& content_digests) {
  Sha256 all;
  for (size_t i = 0; i < fields.size(); ++i) {
    all.update(fields[i].label + " " + content_digests[i] + "\n");
  }
  return all.hex();
}

}  // namespace scgan
