#include "results/store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"

namespace scgan::results {
namespace {

constexpr int kBusyTimeoutMs = 30'000;
// Each run of a job adds to a page of its own, whose way from the root should stay in memory.
constexpr int kWriterCacheKiB = 32 * 1024;

// EXRESCODE adds the kind of lock in the upper bits.
bool is_busy(int status) { return (status & 0xff) == SQLITE_BUSY; }

}  // namespace

void SqliteTraits::close(Handle database) noexcept { sqlite3_close_v2(database); }

void SqliteStatementTraits::close(Handle statement) noexcept { sqlite3_finalize(statement); }

Database::Database(std::filesystem::path file, int flags) : file_(std::move(file)) {
  sqlite3* handle = nullptr;
  // NOMUTEX: one thread at a time, see the header.
  flags |= SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOMUTEX;
  const int status = sqlite3_open_v2(file_.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);  // also on failure: the handle then holds the error message
  if (status != SQLITE_OK) fail("open");
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  execute("PRAGMA foreign_keys = ON");
}

Database Database::open(const std::filesystem::path& file) {
  Database database(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  database.execute("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL");
  return database;
}

Database Database::open_read_only(const std::filesystem::path& file) {
  // SQLITE_OPEN_READONLY could not roll back the journal of a killed writer. SQLite opens the file
  // read-only by itself when the file or the folder is write-protected.
  Database database(file, SQLITE_OPEN_READWRITE);
  database.execute("PRAGMA query_only = ON");
  return database;
}

Database Database::copy_in_memory() const {
  Database copy(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  copy.file_ = file_;
  sqlite3_backup* backup = sqlite3_backup_init(copy.handle(), "main", handle(), "main");
  if (backup == nullptr) copy.fail("copy");
  const int status = sqlite3_backup_step(backup, /*nPage=*/-1);
  sqlite3_backup_finish(backup);
  if (status != SQLITE_DONE) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: cannot be copied: {}", file_.string(), sqlite3_errstr(status)));
  }
  return copy;
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

void Database::defer_commits() {
  defers_commits_ = true;
  // A change that does not fit into the cache would need the lock before the commit.
  execute("PRAGMA cache_spill = OFF");
  execute(fmt::format("PRAGMA cache_size = -{}", kWriterCacheKiB));
}

// SQLite keeps a transaction whose COMMIT was refused because of a reader.
bool Database::commit_pending() {
  if (!is_pending_) return true;
  sqlite3_busy_timeout(handle(), 0);
  const int status = sqlite3_exec(handle(), "COMMIT", nullptr, nullptr, nullptr);
  sqlite3_busy_timeout(handle(), kBusyTimeoutMs);
  if (is_busy(status)) return false;
  is_pending_ = false;
  if (status != SQLITE_OK) fail("COMMIT");
  return true;
}

void Database::commit() {
  if (defers_commits_) {
    is_pending_ = true;
  } else {
    execute("COMMIT");
  }
}

void Database::begin_write() {
  for (;;) {
    const int status = sqlite3_exec(handle(), "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    if (status == SQLITE_OK) return;
    if (!defers_commits_ || !is_busy(status)) fail("BEGIN IMMEDIATE");
    log::warn("{}: another program writes to it; results wait until it has finished",
              file_.string());
  }
}

int64_t Database::integer(const std::string& sql) {
  Statement statement(*this, sql);
  if (!statement.step()) fail(sql);
  return statement.integer(0);
}

int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(handle()); }

int64_t Database::changed_rows() const { return sqlite3_changes64(handle()); }

void Database::fail(std::string_view sql) const {
  if (handle_ && is_busy(sqlite3_extended_errcode(handle()))) {
    throw Error(ErrorKind::kStorage,
                fmt::format("{}: another program has kept it locked for {} s by a transaction that "
                            "it has not ended; end it there and try again",
                            file_.string(), kBusyTimeoutMs / 1000));
  }
  const char* reason = handle_ ? sqlite3_errmsg(handle()) : "out of memory";
  throw Error(ErrorKind::kStorage, fmt::format("{}: {} (SQL: {})", file_.string(), reason, sql));
}

Statement::Statement(const Database& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* handle = nullptr;
  const int status = sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        &handle, nullptr);
  handle_.reset(handle);
  if (status != SQLITE_OK) database.fail(sql);
}

bool Statement::step() {
  const int status = sqlite3_step(handle_.get());
  if (status != SQLITE_ROW) check(status);
  return status == SQLITE_ROW;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_.get(), column); }

double Statement::real(int column) const {
  if (is_null(column)) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(handle_.get(), column);
}

std::string Statement::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(handle_.get(), column);
  if (bytes == nullptr) return {};
  const auto count = static_cast<size_t>(sqlite3_column_bytes(handle_.get(), column));
  return {reinterpret_cast<const char*>(bytes), count};
}

void Statement::reset() {
  sqlite3_reset(handle_.get());  // returns the last step's status, which step() has checked
  sqlite3_clear_bindings(handle_.get());
}

void Statement::bind_at(int index, int64_t value) {
  check(sqlite3_bind_int64(handle_.get(), index, value));
}

void Statement::bind_at(int index, double value) {
  check(std::isnan(value) ? sqlite3_bind_null(handle_.get(), index)
                          : sqlite3_bind_double(handle_.get(), index, value));
}

void Statement::bind_at(int index, std::string_view value) {
  // A null pointer would be bound as NULL, not as an empty text.
  const char* bytes = value.data() == nullptr ? "" : value.data();
  check(sqlite3_bind_text64(handle_.get(), index, bytes, value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
}

void Statement::check(int status) const {
  if (status == SQLITE_OK || status == SQLITE_DONE) return;
  database_->fail(sqlite3_sql(handle_.get()));
}

Transaction::Transaction(Database& database, Kind kind)
    : database_(database), is_savepoint_(database.is_pending_) {
  if (is_savepoint_) {
    database_.execute("SAVEPOINT part");
  } else if (kind == Kind::kWrite) {
    database_.begin_write();
  } else {
    database_.execute("BEGIN");
  }
}

Transaction::~Transaction() {
  // A failed ROLLBACK can be ignored: SQLite rolls back when the connection closes.
  const char* const undo = is_savepoint_ ? "ROLLBACK TO part; RELEASE part" : "ROLLBACK";
  if (open_) sqlite3_exec(database_.handle(), undo, nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  if (is_savepoint_) {
    database_.execute("RELEASE part");
  } else {
    database_.commit();
  }
  open_ = false;
}

}  // namespace scgan::results
