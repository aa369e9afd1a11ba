#include "tools/cli.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>

#include "core/base/error.h"
#include "core/base/exit_code.h"

namespace scgan::tools {

int run_program(const Program& program, int argc, char** argv,
                const std::function<void(CLI::App&)>& add_options,
                const std::function<int()>& work) {
  CLI::App app(program.description, program.name);
  try {
    add_options(app);
    app.set_version_flag("--version", program.version);
    app.footer(program.footer);
    app.parse(argc, argv);
    return work();
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? kExitDone : kExitBadInput;  // 0: --help or --version
  } catch (const Error& problem) {
    print_error(program, problem.what());
    return exit_code(problem.kind());
  } catch (const std::exception& problem) {
    print_error(program, problem.what());
    return kExitLost;
  }
}

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Error(ErrorKind::kStorage, "standard output cannot be written");
  }
}

void print_error(const Program& program, const std::string& text) {
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    fmt::print(stderr, "{}: {}\n", program.name, text.substr(begin, end - begin));
    begin = end + 1;
  }
}

}  // namespace scgan::tools
