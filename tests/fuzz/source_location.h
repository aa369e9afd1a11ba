// std::source_location for Clang 14, which does not know the one of GCC 12's library. Included
// before every file by the compiler's command line.
#pragma once

#include <version>

#if defined(__clang__) && __clang_major__ < 15

#include <cstdint>
#include <source_location>  // empty for this compiler

namespace std {

struct source_location {
  static constexpr source_location current(const char* file = __builtin_FILE(),
                                           uint_least32_t line = __builtin_LINE()) noexcept {
    source_location where;
    where.file_ = file;
    where.line_ = line;
    return where;
  }
  constexpr uint_least32_t line() const noexcept { return line_; }
  constexpr uint_least32_t column() const noexcept { return 0; }
  constexpr const char* file_name() const noexcept { return file_; }
  constexpr const char* function_name() const noexcept { return ""; }

 private:
  const char* file_ = "";
  uint_least32_t line_ = 0;
};

}  // namespace std

#endif
