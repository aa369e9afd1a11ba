#include "core/data/field_of_view.h"

#include "core/base/sha256.h"

namespace scgan {

std::string data_digest(const std::vector<FieldOfView>& fields,
                        const std::vector<std::string>& content_digests) {
  Sha256 all;
  for (size_t i = 0; i < fields.size(); ++i) {
    all.update(fields[i].label + " " + content_digests[i] + "\n");
  }
  return all.hex();
}

}  // namespace scgan
