// A trained ResNet generator out of a safetensors file: ours, a checkpoint of ours, or the
// published state dict of CycleGAN's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/model/networks.h"
#include "core/model/safetensors.h"
#include "core/spec/run_spec.h"

namespace scgan {

// What the tensors' names and shapes say of a generator.
struct GeneratorShape {
  int64_t width = 0;   // filters of the first layer
  int64_t blocks = 0;  // residual blocks
  bool operator==(const GeneratorShape&) const = default;
};

struct LoadedGenerator {
  // On the CPU, in evaluation mode, float64 where the file's first layer is and float32 otherwise.
  std::shared_ptr<Generator> network;
  GeneratorShape shape;
  std::string which;  // "netG_A", "ema.netG_A" of a checkpoint; "" for a lone generator
  std::vector<std::string> notes;  // what was left aside: full sentences
};

// Of several generators (netG_A.* and netG_B.*) takes netG_A for AtoB and netG_B for BtoA, and of
// each the moving average (ema.netG_A.*) where there is one; a lone generator's own direction is
// not known. Prefixes "module." and running statistics of instance norms, which they never used,
// are left aside. Width and number of blocks are read off the shapes. Throws Error(kData) naming
// the file and the tensors that are missing, unknown or of a wrong shape, or saying which other
// network it is: a U-Net, CUT's generator, a discriminator.
LoadedGenerator load_generator(const std::filesystem::path& file, Direction direction);

// The same from tensors; `file` is for messages.
LoadedGenerator make_loaded_generator(const NamedTensors& tensors, Direction direction,
                                      const std::filesystem::path& file);

}  // namespace scgan
