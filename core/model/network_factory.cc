#include "core/model/network_factory.h"

#include <stdexcept>

#include "core/model/fastgan_discriminator.h"
#include "core/model/patch_discriminator.h"
#include "core/model/resnet_generator.h"

namespace scgan {

std::shared_ptr<Generator> make_generator(const ModelSpec& spec) {
  return make_resnet_generator(spec.generator_width, spec.generator_blocks);
}

std::shared_ptr<Discriminator> make_discriminator(const ModelSpec& spec, int64_t image_size) {
  switch (spec.discriminator) {
    case DiscriminatorKind::kPatch:
      return make_patch_discriminator(spec);
    case DiscriminatorKind::kFastGan:
      return make_fastgan_discriminator(spec, image_size);
  }
  throw std::logic_error("unknown DiscriminatorKind");
}

}  // namespace scgan
