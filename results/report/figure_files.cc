#include "results/report/figure_files.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <sstream>
#include <string>
#include <thread>

#include "core/base/log.h"

namespace scgan::results {
namespace {

constexpr const char* kProgram = "rsvg-convert";

// The program's path; empty if no folder of PATH has it.
std::string find_program() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = (std::filesystem::path(folder) / kProgram).string();
    std::error_code unknown;
    if (std::filesystem::is_regular_file(file, unknown) && access(file.c_str(), X_OK) == 0) {
      return file;
    }
  }
  return {};
}

// Without a date in the files.
std::vector<std::string> environment_without_date() {
  std::vector<std::string> variables = {"SOURCE_DATE_EPOCH=0"};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with("SOURCE_DATE_EPOCH=")) {
      variables.emplace_back(*variable);
    }
  }
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Runs a program without a shell, its output thrown away. Returns its process id; -1 if it cannot
// be started.
pid_t start(const std::string& program, std::vector<std::string> words,
            std::vector<std::string> variables) {
  posix_spawn_file_actions_t actions;
  if (posix_spawn_file_actions_init(&actions) != 0) return -1;
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = -1;
  const int failed = posix_spawn(&process, program.c_str(), &actions, nullptr,
                                 pointers_to(words).data(), pointers_to(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? process : -1;
}

// Whether the process ends with exit code 0.
bool succeeds(pid_t process) {
  int status = 0;
  while (process >= 0 && waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return process >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct Conversion {
  std::filesystem::path svg, target, temporary;
  pid_t process;
};

// Waits for it; the target appears complete or not at all.
bool finish(const Conversion& conversion) {
  std::error_code error;
  if (succeeds(conversion.process)) {
    std::filesystem::rename(conversion.temporary, conversion.target, error);
    if (!error) return true;
  }
  std::filesystem::remove(conversion.temporary, error);
  log::warn("{}: {} could not convert {}, which is complete", conversion.target.string(), kProgram,
            conversion.svg.filename().string());
  return false;
}

}  // namespace

std::vector<std::filesystem::path> convert_figures(const std::vector<std::filesystem::path>& svgs) {
  const std::string program = find_program();
  if (program.empty()) return {};
  const std::vector<std::string> variables = environment_without_date();
  const size_t most = std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
  std::vector<std::filesystem::path> files;
  std::deque<Conversion> running;
  const auto finish_first = [&] {
    if (finish(running.front())) files.push_back(running.front().target);
    running.pop_front();
  };
  for (const std::filesystem::path& svg : svgs) {
    for (const std::string format : {"pdf", "png"}) {
      if (running.size() == most) finish_first();
      std::filesystem::path target = svg, temporary = svg;
      target.replace_extension(format);
      temporary.replace_extension(format + ".tmp");
      // Twice the pixels, for paper and slides.
      const std::string zoom = format == "png" ? "2" : "1";
      const pid_t process = start(program,
                                  {kProgram, "--format", format, "--zoom", zoom, "--output",
                                   temporary.string(), std::filesystem::absolute(svg).string()},
                                  variables);
      running.push_back({svg, target, temporary, process});
    }
  }
  while (!running.empty()) finish_first();
  return files;
}

}  // namespace scgan::results
