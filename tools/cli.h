// What the command-line programs have in common: exit codes, output, the way out of main.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include "core/base/error.h"
#include "core/base/version.h"

namespace scgan::tools {

inline constexpr int kExitDone = 0;
inline constexpr int kExitPartly = 1;  // some inputs failed, the others are done
inline constexpr int kExitUsage = 2;   // bad flags or input
inline constexpr int kExitLost = 3;    // output or device lost

// To standard output; Error(kStorage) when it cannot be written.
inline void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error(ErrorKind::kStorage, "standard output cannot be written");
  }
}

// To standard error, each line under the program's name.
inline void complain(const CLI::App& app, const std::string& text) {
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    fmt::print(stderr, "{}: {}\n", app.get_name(), text.substr(begin, end - begin));
    begin = end + 1;
  }
}

inline int exit_code(const Error& problem) {
  const bool input = problem.kind() == ErrorKind::kInvalidSpec ||
                     problem.kind() == ErrorKind::kData || problem.kind() == ErrorKind::kNonFinite;
  return input ? kExitUsage : kExitLost;
}

// Parses the flags and runs `work`, which gives the exit code; every exception becomes one.
inline int run_program(CLI::App& app, int argc, char** argv, const std::function<int()>& work) {
  app.set_version_flag("--version", [] { return version_text(); });
  try {
    app.parse(argc, argv);
    return work();
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kExitDone : kExitUsage;  // 0: --help or --version
  } catch (const Error& problem) {
    complain(app, problem.what());
    return exit_code(problem);
  } catch (const std::exception& problem) {
    complain(app, problem.what());
    return kExitLost;
  }
}

}  // namespace scgan::tools
