#include "tests/end_to_end/sweep_fixture.h"

#include <signal.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/base/sha256.h"
#include "results/store/sqlite.h"

namespace scgan::end_to_end {
namespace {

// The cells of a table row, which are separated by two or more spaces.
std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> result;
  for (size_t at = row.find_first_not_of(' '); at != std::string::npos;) {
    const size_t end = std::min(row.find("  ", at), row.size());
    result.push_back(row.substr(at, end - at));
    at = row.find_first_not_of(' ', end);
  }
  return result;
}

size_t column(const std::vector<std::string>& head, const std::string& name) {
  const auto found = std::find(head.begin(), head.end(), name);
  if (found == head.end()) throw std::runtime_error("scgan_report --status has no column " + name);
  return static_cast<size_t>(found - head.begin());
}

bool is_result(const fs::path& file) {
  const std::string name = file.filename().string();
  return name == "log.jsonl" || name == "final.png" ||
         (file.extension() == ".safetensors" && !name.starts_with("checkpoint-"));
}

}  // namespace

Words sweep_words(int ranks, const Words& arguments) {
  Words words;
  if (ranks > 0) {
    words = {SCGAN_MPIRUN, "--oversubscribe", "--bind-to", "none", "-n", std::to_string(ranks)};
  }
  words.emplace_back(SCGAN_SWEEP);
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), {"--device", "cpu"});
  return words;
}

std::map<std::string, std::string> sweep_environment() {
  return {{"OMPI_ALLOW_RUN_AS_ROOT", "1"},
          {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
          // As distributed/environment.h sets them: no rank restarts itself.
          {"OMP_NUM_THREADS", "1"},
          {"OMP_WAIT_POLICY", "passive"},
          {"CUBLAS_WORKSPACE_CONFIG", ":4096:8"},
          {"NCCL_ALGO", "Ring"},
          {"NCCL_PROTO", "Simple"},
          {"NCCL_NVLS_ENABLE", "0"},
          {"SCGAN_WORTH_JOINING_SECONDS", "0.2"}};
}

Digests result_digests(const fs::path& out) {
  Digests digests;
  if (!fs::exists(out / "runs")) return digests;
  for (const auto& entry : fs::recursive_directory_iterator(out / "runs")) {
    if (entry.is_regular_file() && is_result(entry.path())) {
      digests[entry.path().lexically_relative(out).string()] = sha256_of_file(entry.path());
    }
  }
  return digests;
}

Digests digests_below(const fs::path& folder) {
  Digests digests;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      digests[fs::relative(entry.path(), folder).string()] = sha256_of_file(entry.path());
    }
  }
  return digests;
}

Digests undisturbed_digests(const Words& arguments) {
  const TempDir folder;
  write_text(folder.path() / "tiny.yaml", kTinySweep);
  const Ended ended = run({sweep_words(0, arguments), sweep_environment(), folder.path()});
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  return result_digests(folder.path() / "out");
}

std::string without_columns(const std::string& csv, const std::set<std::string>& names) {
  std::string kept;
  std::istringstream lines(csv);
  std::vector<bool> dropped;  // known once the head is read
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    const bool head = dropped.empty();
    size_t column = 0;
    for (std::string field; std::getline(fields, field, ','); ++column) {
      if (head) dropped.push_back(names.contains(field));
      if (column >= dropped.size() || !dropped[column]) kept += field + ",";
    }
    kept += "\n";
  }
  return kept;
}

std::unique_ptr<Subprocess> started_until_a_rank_leaves(const Command& command,
                                                        const fs::path& out) {
  auto process = std::make_unique<Subprocess>(command);
  const auto wait_for = [&](const std::string& text) {
    wait_until(
        [&] { return process->err().find(text) != std::string::npos || !process->running(); });
    EXPECT_TRUE(process->running()) << process->err();
  };
  wait_for(": 2 ranks from step ");
  const pid_t slow = process->children().at(1);
  kill(slow, SIGSTOP);
  EXPECT_TRUE(wait_until([&] {
    for (const auto& [id, run] : statuses(out)) {
      if (run.step.ends_with("/64") && std::stoi(run.step) >= 36) return true;
    }
    return !process->running();
  }));
  kill(slow, SIGCONT);
  wait_for(": 1 rank from step ");
  return process;
}

std::vector<std::string> listing(const fs::path& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    paths.push_back(fs::relative(entry.path(), folder).string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Statuses statuses(const fs::path& out) {
  const Ended ended = run({{SCGAN_REPORT, "--status", out.string()}, {}});
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  std::istringstream lines(ended.out);
  Statuses result;
  std::vector<std::string> head;
  for (std::string line; std::getline(lines, line);) {
    const auto row = cells(line);
    if (row.empty() || !line.starts_with("  ") || row.front().starts_with("---")) continue;
    if (head.empty()) {
      head = row;
      continue;
    }
    result[row.at(column(head, "run"))] = {
        row.at(column(head, "variant")), row.at(column(head, "seed")),
        row.at(column(head, "state")), row.at(column(head, "step")),
        std::stoi(row.at(column(head, "attempts")))};
  }
  return result;
}

std::string loss_curves(const fs::path& out) {
  auto store = results::Database::open_read_only(out / "results.db");
  results::Statement read(store,
                          "SELECT run_id || ' ' || step || ' ' || name || ' ' || value FROM loss "
                          "ORDER BY run_id, step, name");
  std::string lines;
  while (read.step()) lines += read.text(0) + "\n";
  return lines;
}

std::vector<std::string> attempt_ends(const fs::path& out) {
  auto store = results::Database::open_read_only(out / "results.db");
  results::Statement read(store,
                          "SELECT exit_class || ': ' || reason FROM attempt "
                          "WHERE exit_class IS NOT NULL ORDER BY id");
  std::vector<std::string> ends;
  while (read.step()) ends.push_back(read.text(0));
  return ends;
}

fs::path run_folder(const fs::path& out) {
  if (!fs::exists(out / "runs")) return {};
  for (const auto& entry : fs::directory_iterator(out / "runs")) return entry.path();
  return {};
}

int newest_checkpoint(const fs::path& out) {
  const std::string prefix = "checkpoint-";
  const fs::path folder = run_folder(out);
  int newest = -1;
  if (folder.empty()) return newest;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".json")) {
      newest = std::max(newest, std::stoi(name.substr(prefix.size())));
    }
  }
  return newest;
}

std::string read_text(const fs::path& file) {
  const std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw std::runtime_error("cannot write " + file.string());
}

SweepFixture::SweepFixture() { write_text(path("tiny.yaml"), kTinySweep); }

Command SweepFixture::sweep_command(int ranks, const Words& arguments) const {
  return {sweep_words(ranks, arguments), sweep_environment(), folder_.path()};
}

Ended SweepFixture::sweep(int ranks, const Words& arguments) const {
  return run(sweep_command(ranks, arguments));
}

Ended SweepFixture::report(const Words& arguments) const {
  Words words{SCGAN_REPORT};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run({words, {}, folder_.path()});
}

}  // namespace scgan::end_to_end
