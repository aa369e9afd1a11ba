#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>

#include "tests/support/temp_dir.h"

namespace scgan {
namespace {

std::string content(const std::filesystem::path& file) {
  const std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> environment_with(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : changes) result.push_back(fmt::format("{}={}", name, value));
  return result;
}

// 0 if the process has ended.
pid_t parent_of(pid_t pid) {
  const std::string stat = content(fmt::format("/proc/{}/stat", pid));
  const size_t name_end = stat.rfind(')');  // a name may contain anything
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(stat.substr(name_end + 1));
  char state = 0;
  pid_t parent = 0;
  rest >> state >> parent;
  return state == 'Z' ? 0 : parent;
}

}  // namespace

std::string Ended::text() const {
  return fmt::format("exit code {}{} after {:.1f} s\nstdout:\n{}\nstderr:\n{}\n", exit_code,
                     timed_out ? " (killed at its time limit)" : "", seconds, out, err);
}

// Files instead of pipes, which would have to be read while the program runs.
class Subprocess::Files {
 public:
  std::filesystem::path out() const { return folder_.path() / "out"; }
  std::filesystem::path err() const { return folder_.path() / "err"; }

 private:
  TempDir folder_;
};

Subprocess::Subprocess(const Command& command)
    : files_(std::make_unique<Files>()), start_(std::chrono::steady_clock::now()) {
  // All allocations happen before the fork.
  std::vector<std::string> words = command.words;
  std::vector<std::string> environment = environment_with(command.environment);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(environment);
  const std::string folder = command.folder.string();
  const std::string out = files_->out().string();
  const std::string err = files_->err().string();
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ > 0) return;

  prctl(PR_SET_PDEATHSIG, SIGKILL);  // a killed test leaves no process behind
  const int in = open("/dev/null", O_RDONLY);
  const int out_file = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_file = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (chdir(folder.c_str()) != 0 || dup2(in, STDIN_FILENO) < 0 ||
      dup2(out_file, STDOUT_FILENO) < 0 || dup2(err_file, STDERR_FILENO) < 0) {
    _exit(126);
  }
  execvpe(argv[0], argv.data(), envp.data());
  _exit(127);
}

Subprocess::~Subprocess() {
  if (reaped_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Subprocess::running() {
  if (reaped_) return false;
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

void Subprocess::signal(int number) const {
  if (!reaped_) kill(pid_, number);
}

bool Subprocess::catches(int number) const {
  std::istringstream status(content(fmt::format("/proc/{}/status", pid_)));
  const std::string name = "SigCgt:";
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name)) continue;
    return (std::stoull(line.substr(name.size()), nullptr, 16) >> (number - 1) & 1) != 0;
  }
  return false;
}

std::vector<pid_t> Subprocess::children() const {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    const char* end = name.data() + name.size();
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), end, pid);
    if (parsed.ec == std::errc() && parsed.ptr == end && parent_of(pid) == pid_) {
      found.push_back(pid);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string Subprocess::out() const { return content(files_->out()); }
std::string Subprocess::err() const { return content(files_->err()); }

const Ended& Subprocess::wait(Seconds limit) {
  if (reaped_) return ended_;
  ended_.timed_out = !wait_until([this] { return !running(); }, limit);
  if (ended_.timed_out) kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  reaped_ = true;
  ended_.seconds = Seconds(std::chrono::steady_clock::now() - start_).count();
  ended_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended_.out = out();
  ended_.err = err();
  return ended_;
}

Ended run(const Command& command, Subprocess::Seconds limit) {
  Subprocess process(command);
  return process.wait(limit);
}

}  // namespace scgan
