#include "results/store/result_store.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "results/store/retry_rule.h"
#include "results/store/run_reader.h"
#include "results/store/schema.h"
#include "results/store/sqlite.h"

namespace scgan::results {
namespace {

int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// The version of the store; 0 for an empty file. Throws if the file is not a store, or a newer one.
int64_t checked_version(Database& database) {
  const int64_t application = database.integer("PRAGMA application_id");
  const int64_t version = database.integer("PRAGMA user_version");
  const int64_t tables = database.integer("SELECT count(*) FROM sqlite_master");
  const std::string file = database.file().string();
  if (application != kApplicationId && (tables > 0 || application != 0 || version != 0)) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: is a database, but not a result store", file));
  }
  if (version > kSchemaVersion) {
    throw Error(
        ErrorKind::kStorage,
        fmt::format("{}: is a store of version {}; this program reads versions up to {}. Use "
                    "the release that wrote it, or a newer one",
                    file, version, kSchemaVersion));
  }
  return version;
}

void migrate(Database& database) {
  if (checked_version(database) == kSchemaVersion) return;
  Transaction transaction(database);
  const auto scripts = migrations();
  for (auto version = checked_version(database); version < kSchemaVersion; ++version) {
    database.execute(std::string(scripts[static_cast<size_t>(version)]));
    database.execute(fmt::format("PRAGMA user_version = {}", version + 1));
  }
  transaction.commit();
}

void write_sweep(Database& database, const SweepRecord& sweep) {
  Statement(database,
            "INSERT INTO sweep (id, name, text, sets, version) VALUES (1, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET name = excluded.name, text = excluded.text, "
            "sets = excluded.sets, version = excluded.version")
      .bind(sweep.name, sweep.text, sweep.sets, sweep.version)
      .run();
}

// Runs with equal ids differ at most in labels and placement, so the new row's values are taken.
void write_plan(Database& database, const std::vector<PlannedRun>& runs) {
  database.execute("UPDATE run SET position = NULL");
  Statement write(
      database,
      "INSERT INTO run (id, position, variant, percentage, seed, axes, dataset, data_digest, spec, "
      "images_a, images_b, total_steps) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (id) DO UPDATE SET position = excluded.position, variant = excluded.variant, "
      "percentage = excluded.percentage, seed = excluded.seed, axes = excluded.axes, "
      "dataset = excluded.dataset, data_digest = excluded.data_digest, spec = excluded.spec, "
      "images_a = excluded.images_a, images_b = excluded.images_b, "
      "total_steps = excluded.total_steps WHERE run.position IS NULL");
  int64_t position = 0;
  for (const PlannedRun& run : runs) {
    write
        .bind(run.id, position++, run.variant, run.percentage, run.seed, run.axes, run.dataset,
              run.data_digest, run.spec, run.images_a, run.images_b, run.total_steps)
        .run();
    if (database.changed_rows() == 0) {
      throw Error(ErrorKind::kStorage,
                  fmt::format("{}: run {} is in the plan twice", database.file().string(), run.id));
    }
  }
}

void close_lost_attempts(Database& database) {
  database.execute(
      "UPDATE attempt SET exit_class = 'killed', ended_ms = progress_ms, "
      "reason = 'the job ended without closing the attempt' WHERE exit_class IS NULL; "
      "UPDATE run SET state = 'planned' WHERE state = 'running'");
}

// Marks a planned run as failed if it has used up its attempts. Inside the caller's transaction.
void fail_if_exhausted(Database& database, const StoredRun& run) {
  if (run.state != RunState::kPlanned || !is_exhausted(run.ended_attempts)) return;
  Statement(database, "UPDATE run SET state = 'failed' WHERE id = ?").bind(run.plan.id).run();
}

struct AttemptEnd {
  int64_t attempt = 0;
  ExitClass exit_class = ExitClass::kUnknown;
  int64_t last_step = 0;
  std::string reason;
  RunState run_state = RunState::kPlanned;
};

// Closes the attempt and sets its run's state; returns the run's id. Inside the caller's
// transaction.
std::string end_attempt(Database& database, const AttemptEnd& end) {
  Statement close(database,
                  "UPDATE attempt SET exit_class = ?, ended_ms = max(?, progress_ms), "
                  "last_step = max(?, last_step), reason = ? "
                  "WHERE id = ? AND exit_class IS NULL RETURNING run_id");
  close.bind(to_string(end.exit_class), now_ms(), end.last_step, end.reason, end.attempt);
  if (!close.step()) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: attempt {} is not open", database.file().string(), end.attempt));
  }
  std::string run_id = close.text(0);
  Statement(database, "UPDATE run SET state = ? WHERE id = ?")
      .bind(to_string(end.run_state), run_id)
      .run();
  return run_id;
}

// `phase` is "training" or "final". `on_conflict` says what happens to a row that exists already.
void write_metrics(Database& database, const std::string& run_id, const std::string& phase,
                   const std::vector<Metric>& metrics, const std::string& on_conflict = "") {
  Statement write(database,
                  "INSERT INTO metric (run_id, phase, name, subject, statistic, direction, step, "
                  "value, n_real, "
                  "n_fake, extractor, extractor_digest, preprocessing) "
                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) " +
                      on_conflict);
  for (const Metric& metric : metrics) {
    write
        .bind(run_id, phase, metric.name, to_string(metric.subject), to_string(metric.statistic),
              metric.direction, metric.step, metric.value, metric.n_real, metric.n_fake,
              metric.extractor, metric.extractor_digest, metric.preprocessing)
        .run();
  }
}

void write_artifacts(Database& database, const std::string& run_id,
                     const std::vector<Artifact>& artifacts) {
  Statement write(database,
                  "INSERT INTO artifact (run_id, path, sha256, kept) VALUES (?, ?, ?, ?)");
  for (const Artifact& artifact : artifacts) {
    write.bind(run_id, artifact.path, artifact.sha256, artifact.kept ? 1 : 0).run();
  }
}

}  // namespace

struct ResultStore::State {
  Database database;
  // By their text, which must be a literal.
  std::map<std::string_view, Statement> prepared = {};

  // A statement that stays prepared, for what every report of a rank needs.
  Statement& statement(std::string_view sql) {
    return prepared.try_emplace(sql, database, sql).first->second;
  }
};

ResultStore::ResultStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ResultStore::ResultStore(ResultStore&&) noexcept = default;
ResultStore& ResultStore::operator=(ResultStore&&) noexcept = default;
ResultStore::~ResultStore() = default;

ResultStore ResultStore::open(const std::filesystem::path& file) {
  auto state = std::make_unique<State>(State{Database::open(file)});
  migrate(state->database);
  return ResultStore(std::move(state));
}

bool ResultStore::exists(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file)) return false;
  Database database = Database::open_read_only(file);
  return checked_version(database) > 0;
}

ResultStore ResultStore::open_read_only(const std::filesystem::path& file) {
  auto state = std::make_unique<State>(State{Database::open_read_only(file)});
  const int64_t version = checked_version(state->database);
  if (version == 0) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: is not a result store yet: it is empty; start its sweep again",
                            file.string()));
  }
  if (version < kSchemaVersion) {
    state->database = state->database.copy_in_memory();
    migrate(state->database);
  }
  return ResultStore(std::move(state));
}

void ResultStore::defer_commits() { state_->database.defer_commits(); }

bool ResultStore::flush() { return state_->database.commit_pending(); }

void ResultStore::plan(const SweepRecord& sweep, const std::vector<PlannedRun>& runs) {
  Database& database = state_->database;
  Transaction transaction(database);
  write_sweep(database, sweep);
  write_plan(database, runs);
  close_lost_attempts(database);
  for (const StoredRun& run : read_runs(database, "WHERE state = 'planned'")) {
    fail_if_exhausted(database, run);
  }
  transaction.commit();
}

void ResultStore::set_data_notes(const std::vector<DataNote>& notes) {
  Database& database = state_->database;
  Transaction transaction(database);
  database.execute(
      "DELETE FROM data_note WHERE data_digest IN "
      "(SELECT data_digest FROM run WHERE position IS NOT NULL)");
  Statement write(database, "INSERT INTO data_note (data_digest, position, text) VALUES (?, ?, ?)");
  int64_t position = 0;
  for (const DataNote& note : notes) write.bind(note.data_digest, position++, note.text).run();
  transaction.commit();
}

RunState ResultStore::state(const std::string& run_id) const { return run(run_id).state; }

StoredRun ResultStore::run(const std::string& run_id) const {
  auto found = read_runs(state_->database, "WHERE id = ?", run_id);
  if (found.empty()) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: has no run {}", state_->database.file().string(), run_id));
  }
  return std::move(found.front());
}

std::string ResultStore::last_device(const std::string& run_id) const {
  Statement read(state_->database,
                 "SELECT device FROM attempt WHERE run_id = ? ORDER BY id DESC LIMIT 1");
  read.bind(run_id);
  return read.step() ? read.text(0) : std::string();
}

int64_t ResultStore::begin_attempt(const AttemptStart& attempt) {
  Database& database = state_->database;
  Transaction transaction(database);
  if (const RunState before = state(attempt.run_id);
      before == RunState::kDone || before == RunState::kRunning) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: run {} is already {}", database.file().string(), attempt.run_id,
                            to_string(before)));
  }
  const int64_t now = now_ms();
  Statement(database,
            "INSERT INTO attempt (run_id, hosts, device, ranks, first_step, last_step, versions, "
            "reduction, started_ms, progress_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .bind(attempt.run_id, attempt.hosts, attempt.device, attempt.ranks, attempt.first_step,
            attempt.first_step, attempt.versions, attempt.reduction, now, now)
      .run();
  const int64_t id = database.last_insert_id();
  Statement(database, "UPDATE run SET state = 'running' WHERE id = ?").bind(attempt.run_id).run();
  for (const char* sql :
       {"DELETE FROM loss WHERE run_id = ? AND step > ?",
        "DELETE FROM metric WHERE phase = 'training' AND run_id = ? AND step > ?"}) {
    Statement(database, sql).bind(attempt.run_id, attempt.first_step).run();
  }
  transaction.commit();
  return id;
}

void ResultStore::add_losses(const std::string& run_id, const std::vector<LossPoint>& points) {
  Transaction transaction(state_->database);
  Statement& write = state_->statement(
      "INSERT INTO loss (run_id, step, name, value) VALUES (?, ?, ?, ?) "
      "ON CONFLICT (run_id, step, name) DO UPDATE SET value = excluded.value");
  for (const LossPoint& point : points) {
    write.bind(run_id, point.step, point.name, point.value).run();
  }
  transaction.commit();
}

void ResultStore::add_scores(const std::string& run_id, const std::vector<Metric>& scores) {
  Transaction transaction(state_->database);
  write_metrics(state_->database, run_id, "training", scores,
                "ON CONFLICT DO UPDATE SET value = excluded.value");
  transaction.commit();
}

void ResultStore::set_progress(int64_t attempt, int64_t step) {
  Transaction transaction(state_->database);
  state_
      ->statement(
          "UPDATE attempt SET last_step = max(last_step, ?), progress_ms = max(progress_ms, ?) "
          "WHERE id = ? AND exit_class IS NULL")
      .bind(step, now_ms(), attempt)
      .run();
  transaction.commit();
}

void ResultStore::add_regrouping(int64_t attempt, int64_t step, int ranks,
                                 const std::string& hosts) {
  Transaction transaction(state_->database);
  Statement(state_->database,
            "INSERT INTO regrouping (attempt_id, step, ranks, hosts) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (attempt_id, step) DO UPDATE SET ranks = excluded.ranks, "
            "hosts = excluded.hosts")
      .bind(attempt, step, ranks, hosts)
      .run();
  transaction.commit();
}

void ResultStore::finish(int64_t attempt, int64_t last_step, const std::string& input,
                         const std::vector<Metric>& metrics,
                         const std::vector<Artifact>& artifacts) {
  Database& database = state_->database;
  Transaction transaction(database);
  const std::string run_id = end_attempt(database, {.attempt = attempt,
                                                    .exit_class = ExitClass::kDone,
                                                    .last_step = last_step,
                                                    .reason = "",
                                                    .run_state = RunState::kDone});
  Statement(database, "UPDATE run SET input = ? WHERE id = ?").bind(input, run_id).run();
  write_metrics(database, run_id, "final", metrics);
  write_artifacts(database, run_id, artifacts);
  transaction.commit();
}

RunState ResultStore::fail(int64_t attempt, ExitClass exit_class, const std::string& reason) {
  Transaction transaction(state_->database);
  const std::string run_id = end_attempt(state_->database, {.attempt = attempt,
                                                            .exit_class = exit_class,
                                                            .reason = reason,
                                                            .run_state = RunState::kPlanned});
  fail_if_exhausted(state_->database, run(run_id));
  const RunState after = state(run_id);
  transaction.commit();
  return after;
}

void ResultStore::interrupt(int64_t attempt, ExitClass exit_class, int64_t last_step,
                            const std::string& reason) {
  Transaction transaction(state_->database);
  end_attempt(state_->database, {.attempt = attempt,
                                 .exit_class = exit_class,
                                 .last_step = last_step,
                                 .reason = reason,
                                 .run_state = RunState::kPlanned});
  transaction.commit();
}

void ResultStore::redo(const std::vector<std::string>& run_ids) {
  Transaction transaction(state_->database);
  for (const std::string& id : run_ids) {
    for (const char* sql : {"DELETE FROM metric WHERE phase = 'final' AND run_id = ?",
                            "DELETE FROM artifact WHERE run_id = ?",
                            "UPDATE run SET state = 'planned' WHERE id = ?"}) {
      Statement(state_->database, sql).bind(id).run();
    }
  }
  transaction.commit();
}

std::map<std::string, int> ResultStore::open_attempts() const {
  std::map<std::string, int> ranks;
  Statement read(
      state_->database,
      "SELECT run_id, coalesce((SELECT regrouping.ranks FROM regrouping WHERE attempt_id = id "
      "ORDER BY step DESC LIMIT 1), ranks) FROM attempt WHERE exit_class IS NULL");
  while (read.step()) ranks[read.text(0)] = static_cast<int>(read.integer(1));
  return ranks;
}

SweepRecord ResultStore::sweep() const {
  Statement read(state_->database, "SELECT name, text, sets, version FROM sweep");
  if (!read.step()) return {};
  return {
      .name = read.text(0), .text = read.text(1), .sets = read.text(2), .version = read.text(3)};
}

std::vector<StoredRun> ResultStore::runs() const {
  const Transaction snapshot(state_->database, Transaction::Kind::kRead);
  return read_runs(state_->database, "WHERE position IS NOT NULL ORDER BY position");
}

std::vector<StoredRun> ResultStore::all_runs() const {
  const Transaction snapshot(state_->database, Transaction::Kind::kRead);
  return read_runs(state_->database, "ORDER BY position NULLS LAST, id");
}

std::vector<std::string> ResultStore::done_newest_first() const {
  std::vector<std::string> ids;
  Statement read(state_->database,
                 "SELECT run_id FROM attempt JOIN run ON run.id = run_id "
                 "WHERE exit_class = 'done' AND state = 'done' ORDER BY ended_ms DESC, attempt.id");
  while (read.step()) ids.push_back(read.text(0));
  return ids;
}

std::vector<DataNote> ResultStore::data_notes() const {
  std::vector<DataNote> notes;
  Statement read(state_->database,
                 "SELECT data_digest, text FROM data_note WHERE data_digest IN "
                 "(SELECT data_digest FROM run WHERE position IS NOT NULL) ORDER BY position");
  while (read.step()) notes.push_back({read.text(0), read.text(1)});
  return notes;
}

std::vector<LossPoint> ResultStore::losses(const std::string& run_id) const {
  return read_losses(state_->database, run_id);
}

bool ResultStore::has_scores() const {
  return state_->database.integer(
             "SELECT EXISTS (SELECT 1 FROM metric WHERE phase = 'training')") == 1;
}

std::vector<Metric> ResultStore::scores(const std::string& run_id) const {
  return read_scores(state_->database, run_id);
}

std::vector<AttemptBegin> ResultStore::attempts(const std::string& run_id) const {
  return read_attempts(state_->database, run_id);
}

}  // namespace scgan::results
