#include "sweeps/plan/shard.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <string_view>
#include <tuple>

#include "core/base/error.h"

namespace scgan::sweeps {
namespace {

constexpr int kMostShards = 10'000;

std::optional<int> whole_number(std::string_view text) {
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Shard shard_from_text(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const auto index = whole_number(std::string_view(text).substr(0, slash));
    const auto count = whole_number(std::string_view(text).substr(slash + 1));
    if (index && count && *index >= 1 && *index <= *count && *count <= kMostShards) {
      return {*index, *count};
    }
  }
  throw Error(ErrorKind::kInvalidSpec,
              fmt::format("--shard: {}: expected I/K, the number of the shard from 1 and how many "
                          "there are (at most {}), such as 2/8",
                          text, kMostShards));
}

// Multiplications per pixel of the image. Generator: two convolutions of 7 x 7, four of 3 x 3 that
// halve or double the side, and two of 3 x 3 on a quarter of the side in each block. Discriminator:
// the layers of PatchGAN; FastGAN with its decoders counts as eight of it, which makes a step of
// SCGAN 1.6 times one of CycleGAN (measured on a CPU at width 16: 1.4 to 1.7).
double expected_cost(const RunSpec& run, int64_t steps) {
  const auto width = static_cast<double>(run.model.generator_width);
  const auto blocks = static_cast<double>(run.model.generator_blocks);
  const double generator = 18 * (blocks + 1) * width * width + 294 * width;
  const auto d_width = static_cast<double>(run.model.discriminator_width);
  const double discriminator = (12 * d_width * d_width + 12 * d_width) *
                               (run.model.discriminator == DiscriminatorKind::kFastGan ? 8 : 1);
  // The translation, the one back and the one of the own domain; three looks at images.
  const double translations = run.loss.lambda_identity > 0 ? 3 : 2;
  const double pass = translations * generator * (run.run.recompute ? 4.0 / 3 : 1.0);
  const auto side = static_cast<double>(run.data.image_size);
  return static_cast<double>(steps) * static_cast<double>(run.train.batch_size) * side * side *
         (pass + 3 * discriminator);
}

std::vector<int> shards_of(const std::vector<RunCost>& runs, int count) {
  std::vector<size_t> order(runs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    return std::tie(runs[b].cost, runs[a].kind) < std::tie(runs[a].cost, runs[b].kind);
  });
  std::vector<double> work(static_cast<size_t>(count), 0);
  std::vector<int> shards(runs.size());
  for (const size_t run : order) {
    const auto least = std::ranges::min_element(work);
    *least += runs[run].cost;
    shards[run] = static_cast<int>(least - work.begin()) + 1;
  }
  return shards;
}

}  // namespace scgan::sweeps
