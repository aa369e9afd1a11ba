// Makes the networks that a ModelSpec describes.
#pragma once

#include <cstdint>
#include <memory>

#include "core/model/networks.h"
#include "core/spec/run_spec.h"

namespace scgan {

std::shared_ptr<Generator> make_generator(const ModelSpec& spec);
// Resolves auto and 0 in `spec` as resolve_defaults() does. Throws Error(kInvalidSpec) for a
// network that does not exist.
std::shared_ptr<Discriminator> make_discriminator(const ModelSpec& spec, int64_t image_size);

}  // namespace scgan
