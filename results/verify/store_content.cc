#include "results/verify/store_content.h"

#include "results/store/result_store.h"
#include "results/store/sqlite.h"

namespace scgan::results {
namespace {

void check_integrity(const Database& database, Sentences& problems) {
  Statement check(database, "PRAGMA integrity_check");
  while (check.step()) {
    if (check.text(0) == "ok") continue;
    problems.push_back(
        fmt::format("results.db: is damaged: PRAGMA integrity_check says: {}", check.text(0)));
  }
}

// Rows without their run remain when a program without foreign keys, such as sqlite3, deletes it.
void check_references(const Database& database, Sentences& problems) {
  Statement check(database,
                  "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check "
                  "GROUP BY 1, 2 ORDER BY 1, 2");
  while (check.step()) {
    problems.push_back(
        fmt::format("results.db: {} rows of the table {} refer to rows of {} that do not exist: "
                    "rows were deleted by hand (PRAGMA foreign_key_check)",
                    check.integer(2), check.text(0), check.text(1)));
  }
}

void check_positions(const Database& database, Sentences& problems) {
  Statement check(database, "SELECT count(position), coalesce(max(position) + 1, 0) FROM run");
  check.step();
  if (check.integer(0) == check.integer(1)) return;
  problems.push_back(
      fmt::format("results.db: the plan had {} runs, of which {} have a row: rows of run were "
                  "deleted or changed",
                  check.integer(1), check.integer(0)));
}

}  // namespace

StoreContent read_content(const std::filesystem::path& store) {
  const ResultStore open = ResultStore::open_read_only(store);
  StoreContent content{.sweep = open.sweep(), .runs = open.runs()};
  for (const StoredRun& run : open.all_runs()) content.unplanned.insert(run.plan.id);
  for (const StoredRun& run : content.runs) {
    content.unplanned.erase(run.plan.id);
    content.training[run.plan.id] = open.scores(run.plan.id);
  }
  return content;
}

Sentences check_database(const std::filesystem::path& store) {
  Sentences problems;
  const Database database = Database::open_read_only(store);
  check_integrity(database, problems);
  check_references(database, problems);
  check_positions(database, problems);
  return problems;
}

}  // namespace scgan::results
