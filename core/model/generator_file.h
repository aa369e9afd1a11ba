// Loads a trained ResNet generator from a safetensors file: final weights or a checkpoint of this
// project, or the published state dict of CycleGAN.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/generator_input.h"
#include "core/model/networks.h"
#include "core/model/safetensors.h"
#include "core/spec/run_spec.h"

namespace scgan {

// What the names and shapes of the tensors say about a generator.
struct GeneratorShape {
  // Filters of the first layer.
  int64_t width = 0;
  // Residual blocks.
  int64_t blocks = 0;
  bool operator==(const GeneratorShape&) const = default;
};

struct LoadedGenerator {
  // On the CPU, in evaluation mode; float64 if the first layer of the file is, else float32.
  std::shared_ptr<Generator> network;
  GeneratorShape shape;
  // "netG_A" or "ema.netG_A" in a checkpoint; "" in a file with a single generator.
  std::string which;
  // nullopt if the file does not say it.
  std::optional<Direction> direction;
  // nullopt if the file does not have it.
  std::optional<GeneratorInput> input;
  // What was ignored, in full sentences.
  std::vector<std::string> notes;
};

// If the file has several generators (netG_A.* and netG_B.*), loads netG_A for AtoB and netG_B for
// BtoA (for AtoB without a direction), and prefers the moving average (ema.netG_A.*) if there is
// one. A direction must be that of a single generator (its metadata "direction"). Ignores the
// prefix "module." and the running statistics of instance norms, which CycleGAN does not use. Width
// and number of blocks follow from the shapes. Throws Error(kData) that names the file and the
// missing, unknown or misshapen tensors, or the other network that the file holds: a U-Net, a
// generator of CUT, a discriminator.
LoadedGenerator load_generator(const std::filesystem::path& file,
                               std::optional<Direction> direction);

// The same from the content of a file; `file` appears in messages.
LoadedGenerator make_loaded_generator(const SafetensorsFile& content,
                                      std::optional<Direction> direction,
                                      const std::filesystem::path& file);

}  // namespace scgan
