// Database, Statement and Transaction over SQLite's C API. No other file includes sqlite3.h.
//
// Every failure is an Error(kStorage) that names the file, the SQL and SQLite's own message.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/unique_handle.h"

struct sqlite3;
struct sqlite3_stmt;

namespace scgan::results {

struct SqliteTraits {
  using Handle = sqlite3*;
  static Handle null() noexcept { return nullptr; }
  static void close(Handle database) noexcept;
};

struct SqliteStatementTraits {
  using Handle = sqlite3_stmt*;
  static Handle null() noexcept { return nullptr; }
  static void close(Handle statement) noexcept;
};

// One connection. Rollback journal, synchronous FULL, foreign keys on; waits 30 s for another
// connection's lock. Must outlive its Statements and Transactions. Not thread-safe.
class Database {
 public:
  // Opens or creates.
  static Database open(const std::filesystem::path& file);
  // The file must exist; statements that write fail. If a writer was killed, its journal is rolled
  // back first where the file permits it, so a store can be read after any crash.
  static Database open_read_only(const std::filesystem::path& file);

  // A copy in memory, which can be changed without changing the file. Its errors name the file.
  Database copy_in_memory() const;

  // From now on, committed changes are pending: this connection sees them, others and the disk do
  // not. Later transactions add to them, and commit_pending() writes them all at once. A
  // transaction that must wait for another writer waits without limit, with a warning.
  void defer_commits();
  // Commits what is pending, without waiting; false if a reader in another program prevents it.
  bool commit_pending();

  // Runs one or several statements without parameters and drops their rows.
  void execute(const std::string& sql);
  // The first column of the first row; the statement must return one.
  int64_t integer(const std::string& sql);

  int64_t last_insert_id() const;
  int64_t changed_rows() const;  // by the last INSERT, UPDATE or DELETE
  const std::filesystem::path& file() const noexcept { return file_; }
  sqlite3* handle() const noexcept { return handle_.get(); }

  // Throws the Error(kStorage) of this connection's last failure.
  [[noreturn]] void fail(std::string_view sql) const;

 private:
  friend class Transaction;
  void begin_write();
  void commit();
  Database(std::filesystem::path file, int flags);

  std::filesystem::path file_;
  UniqueHandle<SqliteTraits> handle_;
  bool defers_commits_ = false;
  // A transaction is open that commit_pending() ends.
  bool is_pending_ = false;
};

// A prepared statement. It can be bound and stepped through any number of times.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);

  // Resets the statement and binds its question marks in order. NaN is bound as NULL.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_at(++index, values), ...);
    return *this;
  }

  // Advances to the next row; false if there is none.
  bool step();
  // Runs a statement to its end and drops its rows.
  void run();

  // Columns of the current row, from 0.
  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;  // NaN for NULL
  std::string text(int column) const;

 private:
  void reset();
  void bind_at(int index, int64_t value);
  void bind_at(int index, int value) { bind_at(index, static_cast<int64_t>(value)); }
  void bind_at(int index, double value);
  void bind_at(int index, std::string_view value);

  void check(int status) const;

  const Database* database_;
  UniqueHandle<SqliteStatementTraits> handle_;
};

// Rolls back unless committed. Must not be nested.
class Transaction {
 public:
  // kWrite takes the write lock at the start, so it cannot deadlock.
  enum class Kind { kRead, kWrite };

  explicit Transaction(Database& database, Kind kind = Kind::kWrite);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();

  void commit();

 private:
  Database& database_;
  // Inside a pending transaction, this one is a savepoint.
  bool is_savepoint_;
  bool open_ = true;
};

}  // namespace scgan::results
