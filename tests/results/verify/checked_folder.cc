#include "tests/results/verify/checked_folder.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "core/base/version.h"
#include "core/spec/run_id.h"
#include "results/store/result_store.h"
#include "results/store/sqlite.h"

namespace scgan::results {
namespace {

constexpr const char* kSweepText = "name: cells\n";

// The scores of a direction, each with four images. With one feature and sets that are the same up
// to a shift, FID is its square. KID has the kernel (x y + 1)^3.
std::vector<Metric> metrics_of(const std::string& direction) {
  const bool is_ab = direction == "AtoB";
  std::vector<Metric> metrics;
  const auto add = [&](const char* name, Subject subject, Statistic statistic, double value) {
    const int64_t images = subject == Subject::kRealHalves ? 2 : 4;
    metrics.push_back({.name = name,
                       .subject = subject,
                       .statistic = statistic,
                       .direction = direction,
                       .step = 40,
                       .value = value,
                       .n_real = images,
                       .n_fake = images,
                       .extractor = "random_conv",
                       .extractor_digest = std::string(64, 'e'),
                       .preprocessing = "uint8 RGB, 64 px"});
  };
  const double kid = is_ab ? 245009.0 / 3 : 2711.0 / 3;
  add("fid", Subject::kTranslated, Statistic::kFull, is_ab ? 25 : 1);
  add("kid", Subject::kTranslated, Statistic::kFull, kid);
  add("kid", Subject::kTranslated, Statistic::kSubsetMean, kid);
  add("fid", Subject::kUntranslated, Statistic::kFull, 16);
  add("kid", Subject::kUntranslated, Statistic::kFull, 90596.0 / 3);
  add("fid", Subject::kRealHalves, Statistic::kFull, 1);
  add("kid", Subject::kRealHalves, Statistic::kFull, is_ab ? -121 : -9193);
  add(kOutputSpread, Subject::kTranslated, Statistic::kFull, 0.5);
  add(kFeatureCount, Subject::kTranslated, Statistic::kFull, 1);
  return metrics;
}

AttemptStart attempt_of(const std::string& run_id) {
  return {.run_id = run_id,
          .hosts = "node1",
          .device = "cpu: test",
          .ranks = 1,
          .first_step = 0,
          .versions = "{}",
          .reduction = "canonical"};
}

ResultStore planned_store(const std::filesystem::path& out, const std::vector<PlannedRun>& runs) {
  ResultStore store = ResultStore::open(out / "results.db");
  store.plan({.name = "cells", .text = kSweepText, .sets = "[]", .version = version_text()}, runs);
  return store;
}

}  // namespace

void write_tensors(const std::filesystem::path& file, const Metadata& metadata,
                   const std::vector<Table>& tables) {
  auto header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string bytes;
  for (const Table& table : tables) {
    const size_t begin = bytes.size();
    const size_t count = table.values.size() * sizeof(float);
    bytes.append(reinterpret_cast<const char*>(table.values.data()), count);
    const auto rows = static_cast<int64_t>(table.values.size()) / table.columns;
    header[table.name] = {{"dtype", "F32"},
                          {"shape", {rows, table.columns}},
                          {"data_offsets", {begin, begin + count}}};
  }
  const std::string text = header.dump();
  const uint64_t length = text.size();
  std::filesystem::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(&length), sizeof length);
  stream << text << bytes;
}

RunSpec CheckedFolder::spec(int64_t seed) {
  RunSpec spec;
  spec.sweep = "cells";
  spec.variant = "cyclegan";
  spec.seed = seed;
  spec.data.digest = std::string(64, 'd');
  spec.evaluate.extractor.digest = std::string(64, 'e');
  spec.evaluate.directions = {Direction::kAtoB, Direction::kBtoA};
  resolve_defaults(spec);
  return spec;
}

PlannedRun CheckedFolder::planned(const RunSpec& spec) {
  return {.id = run_id(spec),
          .variant = spec.variant,
          .percentage = spec.data.percentage,
          .seed = spec.seed,
          .axes = spec.axes,
          .dataset = "synthetic",
          .data_digest = spec.data.digest,
          .spec = full_json(spec),
          .images_a = 8,
          .images_b = 8,
          .total_steps = kSteps};
}

void CheckedFolder::write_plan(const std::vector<PlannedRun>& runs) const {
  auto list = nlohmann::json::array();
  for (const PlannedRun& run : runs) {
    list.push_back({{"id", run.id}, {"spec", nlohmann::json::parse(run.spec)}});
  }
  write_file_atomically(out() / "sweep.yaml", kSweepText);
  write_file_atomically(out() / "plan.json",
                        nlohmann::json{{"name", "cells"}, {"runs", list}}.dump(1));
}

std::vector<Artifact> CheckedFolder::write_files(const std::string& id) const {
  std::vector<Artifact> artifacts;
  const auto write = [&](const std::string& name, Metadata metadata,
                         const std::vector<Table>& tables) {
    const std::string path = fmt::format("runs/{}/{}.safetensors", id, name);
    metadata.insert({{"run_id", id}, {"step", std::to_string(kSteps)}});
    write_tensors(out() / path, metadata, tables);
    artifacts.push_back({path, sha256_of_file(out() / path)});
  };
  write("netG_A", {{"direction", "AtoB"}}, {{"weight", {1, 2, 3}}});
  write("netG_B", {{"direction", "BtoA"}}, {{"weight", {4, 5, 6}}});
  write("features-AtoB", {}, {{"real", real_b_}, {"fake", fake_b_}});
  write("features-BtoA", {}, {{"real", real_a_}, {"fake", fake_a_}});
  return artifacts;
}

void CheckedFolder::make(const std::vector<PlannedRun>& runs) {
  std::filesystem::remove_all(out());
  std::filesystem::create_directories(out());
  ResultStore store = planned_store(out(), runs);
  write_plan(runs);
  ids_.clear();
  for (const PlannedRun& run : runs) {
    ids_.push_back(run.id);
    std::vector<Metric> metrics = metrics_of("AtoB");
    for (Metric& metric : metrics_of("BtoA")) metrics.push_back(std::move(metric));
    const int64_t attempt = store.begin_attempt(attempt_of(run.id));
    store.finish(attempt, kSteps, "{}", metrics, write_files(run.id));
  }
}

void CheckedFolder::make_unfinished() {
  std::filesystem::remove_all(out());
  std::filesystem::create_directories(out());
  const std::vector<PlannedRun> runs{planned(spec(0)), planned(spec(1))};
  planned_store(out(), runs);
  write_plan(runs);
  for (const PlannedRun& run : runs) {
    const auto folder = out() / "runs" / run.id;
    const auto tensors = folder / "checkpoint-00000007.safetensors";
    write_tensors(tensors, {{"run_id", run.id}}, {{"netG_A.weight", {1, 2, 3}}});
    const nlohmann::json manifest{
        {"run_id", run.id}, {"step", 7}, {"sha256", sha256_of_file(tensors)}};
    write_file_atomically(folder / "checkpoint-00000007.json", manifest.dump(1));
  }
}

std::string CheckedFolder::path_of(size_t run, const std::string& name) const {
  return fmt::format("runs/{}/{}", id(run), name);
}

std::filesystem::path CheckedFolder::file(size_t run, const std::string& name) const {
  return out() / path_of(run, name);
}

void CheckedFolder::sql(const std::string& statements) const {
  Database database = Database::open(out() / "results.db");
  database.execute("PRAGMA foreign_keys = OFF; " + statements);
}

void CheckedFolder::accept(size_t run, const std::string& name) const {
  sql(fmt::format("UPDATE artifact SET sha256 = '{}' WHERE path = '{}'",
                  sha256_of_file(file(run, name)), path_of(run, name)));
}

void CheckedFolder::change_byte(const std::filesystem::path& file) const {
  std::string bytes = read_file(file);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file_atomically(file, bytes);
}

}  // namespace scgan::results
