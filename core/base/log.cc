#include "core/base/log.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <string>

namespace scgan::log {
namespace {

// Plain data without destructors, so that threads may still log while the program exits.
std::array<char, 32> prefix_text{};
Level lowest_level = Level::kInfo;

constexpr std::array<const char*, 4> kNames{"debug", "info", "warn", "error"};

}  // namespace

void configure(std::string_view prefix, Level lowest) {
  prefix_text.fill('\0');
  prefix.copy(prefix_text.data(), prefix_text.size() - 1);
  lowest_level = lowest;
}

bool enabled(Level level) { return level >= lowest_level; }

void write(Level level, std::string_view text) {
  if (!enabled(level)) return;
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 16> clock{};
  std::strftime(clock.data(), clock.size(), "%H:%M:%S", &local);
  std::string line = fmt::format("{} ", clock.data());
  if (prefix_text[0] != '\0') line += fmt::format("[{}] ", prefix_text.data());
  if (level != Level::kInfo) line += fmt::format("{}: ", kNames[static_cast<size_t>(level)]);
  line.append(text);
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace scgan::log
