#include "results/store/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"
#include "results/store/result_store.h"
#include "results/store/sqlite.h"
#include "tests/results/sample_store.h"
#include "tests/support/temp_dir.h"

namespace scgan::results {
namespace {

using Columns = std::map<std::string, std::vector<std::string>>;  // table -> columns in order

Columns columns_of_a_store() {
  TempDir folder;
  ResultStore::open(folder.path() / "results.db");
  const Database database = Database::open_read_only(folder.path() / "results.db");
  Columns columns;
  Statement read(database,
                 "SELECT m.name, c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c "
                 "WHERE m.type = 'table' ORDER BY m.name, c.cid");
  while (read.step()) columns[read.text(0)].push_back(read.text(1));
  return columns;
}

// The heading "## `table`" is followed by rows that begin with "| `column` |".
Columns columns_of_the_document() {
  Columns columns;
  std::string table, line;
  std::istringstream text(read_file(SCGAN_SCHEMA_DOC));
  const std::regex heading("^## (`(\\w+)`)?.*"), row("^\\| `(\\w+)` \\|.*");
  std::smatch match;
  while (std::getline(text, line)) {
    if (std::regex_match(line, match, heading)) table = match[2];
    if (!table.empty() && std::regex_match(line, match, row)) columns[table].push_back(match[1]);
  }
  return columns;
}

TEST(SchemaTest, DocumentListsAllTablesAndColumns) {
  EXPECT_EQ(columns_of_the_document(), columns_of_a_store());
}

TEST(SchemaTest, EveryTableIsStrict) {
  TempDir folder;
  ResultStore::open(folder.path() / "results.db");
  Database database = Database::open(folder.path() / "results.db");
  EXPECT_EQ(database.integer("SELECT count(*) FROM pragma_table_list "
                             "WHERE schema = 'main' AND name NOT LIKE 'sqlite%' AND NOT strict"),
            0);
  EXPECT_EQ(database.integer("PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(database.integer("PRAGMA user_version"), kSchemaVersion);
}

// There are stores that these scripts have made: a script may get other comments, but no other
// statements. A change of the format is a new script, whose digest is added here.
TEST(SchemaTest, TheScriptsHaveNotChanged) {
  std::vector<std::string> digests;
  for (const std::string_view script : migrations()) {
    const std::string code = std::regex_replace(std::string(script), std::regex("--[^\n]*"), "");
    digests.push_back(sha256_hex(std::regex_replace(code, std::regex("\\s+"), " ")).substr(0, 16));
  }
  EXPECT_THAT(digests,
              testing::ElementsAre("9d65f1b936b251a7", "6069dbccb131a239", "51faa7ae971020e7",
                                   "f9927dc61cf9db1c", "c7db9e90023b32bd", "1fea630b8a67ba30",
                                   "58ffe69f1e92835c"));
}

}  // namespace
}  // namespace scgan::results
