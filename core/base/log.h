// Writes log lines with a level to stderr: "12:03:04 [2] warn: text". fmt checks the format strings
// at compile time.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace scgan::log {

enum class Level { kDebug, kInfo, kWarn, kError };

// Sets the prefix (usually the world rank; empty for none) and the lowest level that is written.
// Call it once, before other threads write log lines.
void configure(std::string_view prefix, Level lowest);

// Returns whether lines of this level are written.
bool enabled(Level level);

// Writes one line in one piece. May be called from any thread.
void write(Level level, std::string_view text);

template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kWarn)) write(Level::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kError))
    write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace scgan::log
