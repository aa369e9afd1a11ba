#include "core/model/generator_file.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/model/resnet_generator.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

using Tensors = std::map<std::string, at::Tensor>;

constexpr size_t kMaxNamesShown = 10;
// Position of the first residual block.
constexpr int64_t kFirstBlock = 10;
// Limits against damaged names and shapes.
constexpr int64_t kMaxBlocks = 1000;
constexpr int64_t kMaxWidth = 1 << 16;

[[noreturn]] void refuse(const fs::path& file, const std::string& reason) {
  throw Error(ErrorKind::kData, fmt::format("{}: {}", file.string(), reason));
}

std::string joined(const std::vector<std::string>& names) {
  const auto end =
      names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kMaxNamesShown));
  return fmt::format("{}{}", fmt::join(names.begin(), end, ", "),
                     names.size() > kMaxNamesShown
                         ? fmt::format(" and {} more", names.size() - kMaxNamesShown)
                         : "");
}

// The tensors whose names begin with `prefix`, without it.
Tensors with_prefix(const Tensors& all, const std::string& prefix) {
  Tensors found;
  for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at) {
    found.emplace(at->first.substr(prefix.size()), at->second);
  }
  return found;
}

// The prefix and the tensors of the generator to load; "" and all tensors if there is only one.
std::pair<std::string, Tensors> chosen(const Tensors& all, Direction direction,
                                       const fs::path& file) {
  const bool to_b = direction == Direction::kAtoB;
  const std::string name = to_b ? "netG_A" : "netG_B";
  for (const std::string& which : {"ema." + name, name}) {
    Tensors found = with_prefix(all, which + ".");
    if (!found.empty()) return {which, std::move(found)};
  }
  const std::string other = to_b ? "netG_B" : "netG_A";
  if (!with_prefix(all, other + ".").empty()) {
    refuse(file, fmt::format("holds {} but no {}, which translates {}; use the other --direction",
                             other, name, to_b ? "A to B" : "B to A"));
  }
  return {"", all};
}

// In which direction the generator translates, if the file says so.
std::optional<Direction> direction_of(const std::string& which, const SafetensorsFile& content) {
  const auto own = content.metadata.find("direction");
  if (which.ends_with("netG_A")) return Direction::kAtoB;
  if (which.ends_with("netG_B")) return Direction::kBtoA;
  if (own == content.metadata.end()) return std::nullopt;
  return own->second == "BtoA" ? Direction::kBtoA : Direction::kAtoB;
}

// A single generator translates in one direction, whatever is asked for.
void check_direction(const SafetensorsFile& content, Direction asked, const fs::path& file) {
  const char* const wanted = asked == Direction::kAtoB ? "AtoB" : "BtoA";
  const auto own = content.metadata.find("direction");
  if (own == content.metadata.end()) {
    refuse(file, fmt::format("holds one generator and does not say in which direction it "
                             "translates; leave out --direction {}",
                             wanted));
  }
  if (own->second != wanted) {
    refuse(file, fmt::format("translates {}, not {}; use the run's other generator, or leave out "
                             "--direction",
                             own->second, wanted));
  }
}

Tensors without_module(const Tensors& tensors) {
  // DataParallel adds this prefix to every name.
  Tensors inner = with_prefix(tensors, "module.");
  return inner.size() == tensors.size() ? inner : tensors;
}

bool is_running_statistic(std::string_view name) {
  return name.ends_with(".running_mean") || name.ends_with(".running_var") ||
         name.ends_with(".num_batches_tracked");
}

// Removes those of instance norms. Batch norms, whose statistics are used, also have a weight.
std::vector<std::string> take_running_statistics(Tensors& tensors) {
  std::vector<std::string> taken;
  for (auto at = tensors.begin(); at != tensors.end();) {
    const std::string layer = at->first.substr(0, at->first.rfind('.'));
    if (is_running_statistic(at->first) && !tensors.contains(layer + ".weight")) {
      taken.push_back(at->first);
      at = tensors.erase(at);
    } else {
      ++at;
    }
  }
  return taken;
}

// Throws if the tensors are those of another published network.
void refuse_other_networks(const Tensors& tensors, const fs::path& file) {
  const std::string expected = "; expected a ResNet generator of CycleGAN";
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with("model.model.")) {
      refuse(file, "holds a U-Net generator (of pix2pix)" + expected);
    }
    if (name.ends_with(".filt")) {
      refuse(file, "holds a generator of CUT, whose layers blur (anti-aliased)" + expected);
    }
    if (name.starts_with("netD_") || name == "model.0.weight") {
      refuse(file, "holds a discriminator" + expected);
    }
  }
  const auto norm = tensors.find("model.2.weight");
  if (norm != tensors.end() && norm->second.dim() == 1) {
    refuse(file, "holds a generator with batch norm" + expected + ", which has instance norm");
  }
}

// The k of "model.<k>.conv_block..."; nullopt for other names.
std::optional<int64_t> block_position(std::string_view name) {
  constexpr std::string_view kBegin = "model.";
  if (!name.starts_with(kBegin)) return std::nullopt;
  int64_t position = -1;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + kBegin.size(), end, position);
  const std::string_view rest(parsed.ptr, static_cast<size_t>(end - parsed.ptr));
  if (parsed.ec != std::errc() || !rest.starts_with(".conv_block.")) return std::nullopt;
  return position;
}

GeneratorShape shape_of(const Tensors& tensors, const fs::path& file) {
  const auto stem = tensors.find("model.1.weight");
  if (stem == tensors.end()) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : tensors) names.push_back(name);
    refuse(file, fmt::format("holds no ResNet generator of CycleGAN: model.1.weight is missing; it "
                             "has {}",
                             names.empty() ? "no tensor" : joined(names)));
  }
  std::set<int64_t> positions;
  for (const auto& [name, tensor] : tensors) {
    const auto position = block_position(name);
    if (position) positions.insert(*position);
  }
  GeneratorShape shape;
  shape.width = stem->second.dim() == 4 ? stem->second.size(0) : 0;
  // check_tensors() reports a missing block in between.
  if (!positions.empty()) shape.blocks = *positions.rbegin() - kFirstBlock + 1;
  if (shape.width == 0 || shape.width > kMaxWidth || shape.blocks < 0 ||
      shape.blocks > kMaxBlocks) {
    refuse(file, "holds no ResNet generator of CycleGAN: its layers are at other positions");
  }
  return shape;
}

using Shapes = std::map<std::string, std::vector<int64_t>>;

Shapes expected_shapes(const GeneratorShape& shape) {
  Shapes all;
  // A convolution's weight is [out, in, k, k], a transposed one's [in, out, k, k].
  const auto add = [&](const std::string& name, std::vector<int64_t> weight, int64_t out) {
    all["model." + name + ".weight"] = std::move(weight);
    all["model." + name + ".bias"] = {out};
  };
  const int64_t w = shape.width;
  add("1", {w, 3, 7, 7}, w);
  add("4", {2 * w, w, 3, 3}, 2 * w);
  add("7", {4 * w, 2 * w, 3, 3}, 4 * w);
  for (int64_t block = kFirstBlock; block < kFirstBlock + shape.blocks; ++block) {
    for (const int layer : {1, 5}) {
      add(fmt::format("{}.conv_block.{}", block, layer), {4 * w, 4 * w, 3, 3}, 4 * w);
    }
  }
  const int64_t up = kFirstBlock + shape.blocks;
  add(std::to_string(up), {4 * w, 2 * w, 3, 3}, 2 * w);
  add(std::to_string(up + 3), {2 * w, w, 3, 3}, w);
  add(std::to_string(up + 7), {3, w, 7, 7}, 3);
  return all;
}

void check_tensors(const Tensors& tensors, const GeneratorShape& shape, const fs::path& file) {
  const Shapes expected = expected_shapes(shape);
  const std::string network =
      fmt::format("a generator of width {} with {} blocks", shape.width, shape.blocks);
  std::vector<std::string> missing, wrong, unknown, damaged;
  for (const auto& [name, sizes] : expected) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      missing.push_back(name);
    } else if (found->second.sizes() != at::IntArrayRef(sizes)) {
      wrong.push_back(fmt::format("{} is [{}], not [{}]", name,
                                  fmt::join(found->second.sizes(), ", "), fmt::join(sizes, ", ")));
    } else if (!found->second.is_floating_point() || !found->second.isfinite().all().item<bool>()) {
      damaged.push_back(name);
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!expected.contains(name)) unknown.push_back(name);
  }
  if (!missing.empty()) refuse(file, fmt::format("{} lacks {}", network, joined(missing)));
  if (!wrong.empty()) refuse(file, fmt::format("in {} {}", network, joined(wrong)));
  if (!unknown.empty()) refuse(file, fmt::format("{} has no {}", network, joined(unknown)));
  if (!damaged.empty()) {
    refuse(file, fmt::format("{}: weights that are not finite", joined(damaged)));
  }
}

}  // namespace

LoadedGenerator make_loaded_generator(const SafetensorsFile& content,
                                      std::optional<Direction> direction, const fs::path& file) {
  const at::NoGradGuard no_grad;
  const Tensors all = without_module(Tensors(content.tensors.begin(), content.tensors.end()));
  LoadedGenerator loaded;
  auto [which, own] = chosen(all, direction.value_or(Direction::kAtoB), file);
  own = without_module(own);
  loaded.which = which;
  const auto running = take_running_statistics(own);
  if (!running.empty()) {
    loaded.notes.push_back(fmt::format(
        "{} running statistics of instance norms are ignored: each image is normalised by "
        "its own statistics, as in training",
        running.size()));
  }
  refuse_other_networks(own, file);
  if (which.empty() && direction) check_direction(content, *direction, file);
  loaded.direction = direction_of(which, content);
  loaded.input = generator_input(content.metadata, file);
  loaded.shape = shape_of(own, file);
  check_tensors(own, loaded.shape, file);  // before memory is allocated
  loaded.network = make_resnet_generator(loaded.shape.width, loaded.shape.blocks);
  if (own.at("model.1.weight").scalar_type() == at::kDouble) loaded.network->to_double();
  for (auto& [name, parameter] : loaded.network->parameters()) parameter.copy_(own.at(name));
  loaded.network->set_training(false);
  return loaded;
}

LoadedGenerator load_generator(const fs::path& file, std::optional<Direction> direction) {
  std::error_code failed;
  if (fs::is_directory(file, failed)) refuse(file, "is a folder, not a safetensors file");
  return make_loaded_generator(read_safetensors(file), direction, file);
}

}  // namespace scgan
