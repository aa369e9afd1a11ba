// What the command-line programs have in common: flags, output, exit codes. CLI11 takes seconds to
// compile, so only files that define flags include it.
#pragma once

#include <functional>
#include <string>

#include "core/base/version.h"

namespace CLI {
class App;
}

namespace scgan::tools {

struct Program {
  const char* name;
  const char* description;                  // one or two sentences, for --help
  const char* footer;                       // of --help, below the flags
  std::string (*version)() = version_text;  // for --version
};

// The body of main(): parses the flags that `add_options` defines, --help and --version, runs
// `work`, and returns the exit code: that of `work`, or the one of the exception that ended it,
// which is printed.
int run_program(const Program& program, int argc, char** argv,
                const std::function<void(CLI::App&)>& add_options,
                const std::function<int()>& work);

// Writes to standard output. Throws Error(kStorage) when that fails.
void print(const std::string& text);

// Writes to standard error, each line after the program's name.
void print_error(const Program& program, const std::string& text);

}  // namespace scgan::tools
