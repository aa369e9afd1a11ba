// The store's schema, embedded by the build (results/CMakeLists.txt), so that no file is looked up
// at run time.
#pragma once

#include <array>
#include <string_view>

namespace scgan::results {

extern const std::string_view kSchemaSql;  // results/schema.sql

// PRAGMA application_id of a store, as schema.sql sets it.
constexpr int kApplicationId = 0x5343474e;

// The newest PRAGMA user_version.
constexpr int kSchemaVersion = 1;

// Script i brings a store of version i to version i + 1; script 0 makes one out of an empty file.
inline std::array<std::string_view, kSchemaVersion> migrations() { return {kSchemaSql}; }

}  // namespace scgan::results
