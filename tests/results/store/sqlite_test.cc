#include "results/store/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/base/error.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() : database_(Database::open(folder_.path() / "test.db")) {
    database_.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, size REAL) STRICT");
  }

  int64_t count() { return database_.integer("SELECT count(*) FROM item"); }

  TempDir folder_;
  Database database_;
};

TEST_F(SqliteTest, BoundValuesAreReadBack) {
  Statement write(database_, "INSERT INTO item (name, size) VALUES (?, ?)");
  write.bind(std::string("caf\xC3\xA9 \"x\""), 0.1).run();
  write.bind(std::string(), std::numeric_limits<double>::quiet_NaN()).run();
  Statement read(database_, "SELECT id, name, size FROM item ORDER BY id");
  ASSERT_TRUE(read.step());
  EXPECT_EQ(read.integer(0), 1);
  EXPECT_EQ(read.text(1), "caf\xC3\xA9 \"x\"");
  EXPECT_EQ(read.real(2), 0.1);
  ASSERT_TRUE(read.step());
  EXPECT_FALSE(read.is_null(1));
  EXPECT_EQ(read.text(1), "");
  EXPECT_TRUE(std::isnan(read.real(2)));
  EXPECT_FALSE(read.step());
}

TEST_F(SqliteTest, UncommittedTransactionRollsBack) {
  {
    const Transaction transaction(database_);
    database_.execute("INSERT INTO item (name) VALUES ('a')");
    EXPECT_EQ(count(), 1);
  }
  EXPECT_EQ(count(), 0);
}

TEST_F(SqliteTest, CommittedTransactionIsKept) {
  {
    Transaction transaction(database_);
    database_.execute("INSERT INTO item (name) VALUES ('a')");
    transaction.commit();
  }
  EXPECT_EQ(count(), 1);
}

TEST_F(SqliteTest, ErrorNamesFileStatementAndReason) {
  try {
    database_.execute("INSERT INTO nowhere VALUES (1)");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kStorage);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("test.db"), HasSubstr("INSERT INTO nowhere"),
                                    HasSubstr("no such table: nowhere")));
  }
}

TEST_F(SqliteTest, ReadOnlyConnectionCannotWrite) {
  Database reader = Database::open_read_only(folder_.path() / "test.db");
  EXPECT_EQ(reader.integer("SELECT count(*) FROM item"), 0);
  EXPECT_THROW(reader.execute("INSERT INTO item (name) VALUES ('a')"), Error);
}

TEST_F(SqliteTest, CopyInMemoryLeavesTheFileAlone) {
  database_.execute("INSERT INTO item (name) VALUES ('x')");
  Database copy = Database::open_read_only(database_.file()).copy_in_memory();
  copy.execute("INSERT INTO item (name) VALUES ('y')");
  EXPECT_EQ(copy.integer("SELECT count(*) FROM item"), 2);
  EXPECT_EQ(database_.integer("SELECT count(*) FROM item"), 1);
  EXPECT_EQ(copy.file(), database_.file());
}

TEST_F(SqliteTest, ReadOnlyDoesNotCreateAFile) {
  EXPECT_THROW(Database::open_read_only(folder_.path() / "absent.db"), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "absent.db"));
}

TEST_F(SqliteTest, JournalIsRolledBackAndSynchronousFull) {
  Statement journal(database_, "PRAGMA journal_mode");
  ASSERT_TRUE(journal.step());
  EXPECT_EQ(journal.text(0), "delete");
  EXPECT_EQ(database_.integer("PRAGMA synchronous"), 2);
  EXPECT_EQ(database_.integer("PRAGMA foreign_keys"), 1);
}

}  // namespace
}  // namespace scgan::results
