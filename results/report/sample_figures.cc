#include "results/report/sample_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "results/figures/picture_table.h"
#include "results/report/figure_names.h"
#include "results/report/selection.h"
#include "results/report/words.h"

namespace scgan::results {
namespace {

constexpr size_t kRows = 4, kSide = 96;
constexpr size_t kMostPercentages = 6;
// Of all pictures of a report.
constexpr size_t kMostBytes = 1'400'000;

// Columns of a grid: source, translation, real target.
struct GridPart {
  size_t source, translated, target;
};

GridPart part_of(const std::string& direction) {
  return direction == "AtoB" ? GridPart{0, 1, 3} : GridPart{3, 4, 0};
}

// The grid of a done run, or why it cannot be shown.
struct ShownGrid {
  std::optional<SampleGrid> grid;
  std::string why_not;
};

ShownGrid read_grid(const std::filesystem::path& out, const StoredRun& run) {
  const auto folder = std::filesystem::path("runs") / run.plan.id / "samples";
  std::filesystem::path file = folder / "final.png";
  const auto artifact = std::ranges::find(run.artifacts, file.string(), &Artifact::path);
  // Older versions wrote the same picture at the last step, and did not record it.
  if (artifact == run.artifacts.end()) {
    file = folder / fmt::format("step-{:08}.png", run.plan.total_steps);
  }
  if (artifact != run.artifacts.end() && !artifact->kept) return {{}, "samples not kept"};
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(out / file, unknown)) return {{}, "no samples"};
  try {
    const std::string bytes = read_file(out / file);
    if (artifact != run.artifacts.end() && sha256_hex(bytes) != artifact->sha256) {
      return {{}, "the file has changed"};
    }
    return {read_sample_grid(bytes, out / file, kRows, kSide), {}};
  } catch (const Error&) {
    return {{}, "the file cannot be read"};
  }
}

// Index of the lower median.
size_t median_run(const Cell& cell) {
  std::vector<size_t> order(cell.values.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](size_t i) { return cell.values[i]; });
  return order[(order.size() - 1) / 2];
}

using Folders = std::unordered_map<const StoredRun*, std::filesystem::path>;

// Makes the figure of one table.
class SampleTable {
 public:
  SampleTable(const MetricTable& table, const Folders& folders)
      : table_(table),
        folders_(folders),
        part_(part_of(table.key.direction)),
        shown_(shown_labels(table)),
        percentages_(shown_percentages(table, kMostPercentages)) {}

  // nullopt if no run has samples.
  std::optional<PictureTable> pictures() {
    PictureTable shown{.title = fmt::format("{}: test images translated {}", table_.key.dataset,
                                            table_.key.direction),
                       .alt = fmt::format("Test images of {}, their translations {} by each "
                                          "variant at each percentage, and real images.",
                                          table_.key.dataset, table_.key.direction),
                       .blocks = {}};
    for (const double percentage : percentages_) shown.blocks.push_back(block(percentage));
    if (!reference_) return std::nullopt;
    const bool a_to_b = table_.key.direction == "AtoB";
    for (PictureBlock& each : shown.blocks) {
      each.columns.insert(each.columns.begin(), {.title = a_to_b ? "source A" : "source B",
                                                 .subtitle = "",
                                                 .pictures = reference_->columns.at(part_.source),
                                                 .why_empty = ""});
      each.columns.push_back({.title = a_to_b ? "real B" : "real A",
                              .subtitle = "",
                              .pictures = reference_->columns.at(part_.target),
                              .why_empty = ""});
    }
    return shown;
  }

  std::string caption() const {
    std::string text = fmt::format(
        "The same test images in every column. Each translation is from the run with the median {} "
        "of its variant and percentage (of an even number, the lower of the two in the middle). "
        "The real images are examples; they are not the counterparts of the sources.",
        metric_label(table_));
    return shown_.note.empty() ? text : text + " " + shown_.note;
  }

 private:
  PictureBlock block(double percentage) {
    PictureBlock block{
        .title = fmt::format("{} % of the training images", percentage_text(percentage)),
        .columns = {}};
    for (const std::string& label : shown_.labels) {
      const Cell* cell = find_cell(table_, label, percentage);
      block.columns.push_back(cell == nullptr || cell->values.empty()
                                  ? PictureColumn{.title = label,
                                                  .subtitle = "",
                                                  .pictures = {},
                                                  .why_empty = "no finished run"}
                                  : column(*cell));
    }
    return block;
  }

  PictureColumn column(const Cell& cell) {
    const size_t index = median_run(cell);
    const StoredRun& run = *cell.runs[index];
    PictureColumn column{
        .title = cell.label,
        .subtitle = fmt::format("{} {}, seed {}{}", short_metric(),
                                number(cell.values[index] * factor_of(table_), decimals_of(table_)),
                                run.plan.seed, cell.collapsed[index] ? ", collapsed" : ""),
        .pictures = {},
        .why_empty = {}};
    ShownGrid shown = read_grid(folders_.at(&run), run);
    column.why_empty = shown.why_not;
    if (!shown.grid) return column;
    if (!reference_) reference_ = *shown.grid;
    // The pictures can only be compared if they show the same images.
    if (shown.grid->columns.at(part_.source) != reference_->columns.at(part_.source)) {
      column.why_empty = "other test images";
      return column;
    }
    column.pictures = std::move(shown.grid->columns.at(part_.translated));
    return column;
  }

  std::string short_metric() const {
    const std::string label = metric_label(table_);
    return label.substr(0, label.find(" ("));
  }

  const MetricTable& table_;
  const Folders& folders_;
  GridPart part_;
  ShownLabels shown_;
  std::vector<double> percentages_;
  // The first grid that was found.
  std::optional<SampleGrid> reference_;
};

}  // namespace

std::vector<Figure> sample_figures(const Analysis& analysis) {
  const Summary& summary = analysis.summary;
  Folders folders;
  for (size_t i = 0; i < summary.runs.size(); ++i) {
    folders.emplace(summary.runs[i], folder_of(*summary.sources[i], *summary.runs[i]));
  }
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  std::vector<std::pair<Figure, PictureTable>> found;
  FigureNames names;
  for (const MetricTable& table : summary.tables) {
    const auto& key = table.key;
    if (!seen.emplace(key.dataset, key.data_digest, key.direction).second) continue;
    SampleTable samples(table, folders);
    std::optional<PictureTable> pictures = samples.pictures();
    if (!pictures) continue;
    found.emplace_back(
        Figure{.name = names.take(fmt::format("samples-{}-{}", key.dataset, key.direction)),
               .caption = samples.caption(),
               .alt = pictures->alt,
               .svg = {}},
        std::move(*pictures));
  }
  std::vector<Figure> figures;
  for (auto& [figure, pictures] : found) {
    figure.svg = picture_table_svg(std::move(pictures), kMostBytes / found.size());
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace scgan::results
