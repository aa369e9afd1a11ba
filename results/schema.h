// The store's schema, embedded by the build (results/CMakeLists.txt), so that no file is looked up
// at run time.
#pragma once

#include <array>
#include <string_view>

namespace scgan::results {

extern const std::string_view kSchemaSql;   // results/schema.sql
extern const std::string_view kSchema2Sql;  // results/schema_2.sql

// PRAGMA application_id of a store, as schema.sql sets it.
constexpr int kApplicationId = 0x5343474e;

// The newest PRAGMA user_version.
constexpr int kSchemaVersion = 2;

// The oldest one that can be read as it is: what came later are further tables.
constexpr int kReadableVersion = 1;

// Script i brings a store of version i to version i + 1; script 0 makes one out of an empty file.
inline std::array<std::string_view, kSchemaVersion> migrations() {
  return {kSchemaSql, kSchema2Sql};
}

}  // namespace scgan::results
