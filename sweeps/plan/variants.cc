#include "sweeps/plan/variants.h"

namespace scgan::sweeps {
namespace {

Variant variant(const char* name, const char* discriminator, std::vector<std::string> diffaug,
                double d_adv_scale) {
  return {name,
          {{"model.discriminator", std::string(discriminator)},
           {"model.diffaug", std::move(diffaug)},
           {"loss.d_adv_scale", d_adv_scale}},
          {}};
}

}  // namespace

std::vector<Variant> builtin_variants() {
  return {variant("cyclegan", "patch", {}, 0.5),
          variant("cyclegan_diffaug", "patch", {"color", "translation", "cutout"}, 0.5),
          variant("scgan", "fastgan", {}, 1.0)};
}

}  // namespace scgan::sweeps
