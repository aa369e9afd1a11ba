// The store's schema. The build embeds the SQL files (results/CMakeLists.txt), so that the programs
// need no file at run time.
#pragma once

#include <array>
#include <string_view>

namespace scgan::results {

extern const std::string_view kSchemaSql;   // results/store/schema.sql
extern const std::string_view kSchema2Sql;  // results/store/schema_2.sql
extern const std::string_view kSchema3Sql;  // results/store/schema_3.sql
extern const std::string_view kSchema4Sql;  // results/store/schema_4.sql
extern const std::string_view kSchema5Sql;  // results/store/schema_5.sql
extern const std::string_view kSchema6Sql;  // results/store/schema_6.sql
extern const std::string_view kSchema7Sql;  // results/store/schema_7.sql

// PRAGMA application_id of a store, as schema.sql sets it.
constexpr int kApplicationId = 0x5343474e;

// The newest PRAGMA user_version.
constexpr int kSchemaVersion = 7;

// Script i upgrades a store from version i to version i + 1; script 0 makes an empty file a store.
inline std::array<std::string_view, kSchemaVersion> migrations() {
  return {kSchemaSql, kSchema2Sql, kSchema3Sql, kSchema4Sql, kSchema5Sql, kSchema6Sql, kSchema7Sql};
}

}  // namespace scgan::results
