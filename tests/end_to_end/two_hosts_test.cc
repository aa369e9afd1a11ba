// A run on two hosts produces the bytes of one process. The hosts are network namespaces, each with
// its own host name, connected by a virtual cable, so that MPI uses TCP between them. Needs root
// and the program `ip`; skipped otherwise. The namespaces last as long as the processes that hold
// them, which end with the test even if it is killed.
#include <unistd.h>

#include <cstring>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "tests/end_to_end/sweep_fixture.h"

namespace scgan::end_to_end {
namespace {

constexpr const char* kCable = "scgan0";
constexpr int kSteps = 3;
const Words kSweep{"tiny.yaml", "--set", "model.generator_width=16", "--set",
                   "train.steps=" + std::to_string(kSteps)};

class Host {
 public:
  explicit Host(std::string name)
      : name_(std::move(name)), holder_({{"unshare", "--net", "--uts", "sleep", "infinity"}, {}}) {}

  // Returns false if this process may not create namespaces.
  bool is_up() {
    const std::string here = network("self");
    wait_until([&] { return !holder_.running() || network(pid()) != here; });
    return holder_.running();
  }

  std::string pid() const { return std::to_string(holder_.pid()); }

  // Prefix of a command that runs on this host.
  Words enter() const { return {"nsenter", "--target", pid(), "--net", "--uts"}; }

  Ended configure(const std::string& address) const {
    Words words = enter();
    words.insert(words.end(),
                 {"sh", "-ec",
                  "hostname " + name_ + "; ip link set lo up; ip address add " + address +
                      "/24 dev " + kCable + "; ip link set " + kCable + " up"});
    return run({words, {}});
  }

  // Bytes received through the cable.
  int64_t received_bytes() const {
    std::istringstream lines(read_text("/proc/" + pid() + "/net/dev"));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string interface;
      int64_t bytes = 0;
      if (fields >> interface >> bytes && interface == std::string(kCable) + ":") return bytes;
    }
    throw std::runtime_error(name_ + " has no cable");
  }

 private:
  static std::string network(const std::string& process) {
    std::error_code gone;
    return fs::read_symlink("/proc/" + process + "/ns/net", gone).string();
  }

  std::string name_;
  Subprocess holder_;
};

// Bytes of the tensors in a safetensors file.
int64_t tensor_bytes(const fs::path& file) {
  const std::string text = read_text(file);
  uint64_t header = 0;
  std::memcpy(&header, text.data(), sizeof(header));
  return static_cast<int64_t>(text.size() - sizeof(header) - header);
}

class TwoHosts : public SweepFixture {
 protected:
  static constexpr const char* kAddresses[] = {"10.77.0.1", "10.77.0.2"};

  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can create network namespaces";
    if (run({{"ip", "-V"}, {}}).exit_code != 0) {
      GTEST_SKIP() << "the program ip is missing (Debian package iproute2)";
    }
    first_ = std::make_unique<Host>("scgan-first");
    second_ = std::make_unique<Host>("scgan-second");
    if (!first_->is_up() || !second_->is_up()) GTEST_SKIP() << "cannot create namespaces";
    const Ended cable = run({{"ip", "link", "add", kCable, "netns", first_->pid(), "type", "veth",
                              "peer", "name", kCable, "netns", second_->pid()},
                             {}});
    if (cable.exit_code != 0) GTEST_SKIP() << "cannot create a virtual cable: " << cable.err;
    for (const Ended& ended :
         {first_->configure(kAddresses[0]), second_->configure(kAddresses[1])}) {
      ASSERT_EQ(ended.exit_code, 0) << ended.text();
    }
    // mpirun starts processes on the second host through this agent instead of ssh.
    write_text(path("agent"), "#!/bin/sh\nshift  # the address\nexec nsenter --target " +
                                  second_->pid() + " --net --uts sh -c \"$*\"\n");
    fs::permissions(path("agent"), fs::perms::owner_all);
  }

  // Starts half of the ranks on each host.
  Ended sweep_on_both(int ranks, const Words& arguments) const {
    std::string hosts;
    for (const char* address : kAddresses) {
      hosts += std::string(address) + " slots=" + std::to_string(ranks / 2) + "\n";
    }
    write_text(path("hosts"), hosts);
    Command command = sweep_command(ranks, arguments);
    const Words enter = first_->enter();
    command.words.insert(command.words.begin(), enter.begin(), enter.end());
    command.environment["OMPI_MCA_orte_default_hostfile"] = path("hosts").string();
    // Open MPI leaves temporary folders of remote hosts behind.
    command.environment["TMPDIR"] = path(".").string();
    command.environment["OMPI_MCA_plm_rsh_agent"] = path("agent").string();
    return run(command);
  }

  std::unique_ptr<Host> first_, second_;
};

TEST_F(TwoHosts, ASharedRunProducesTheBytesOfOneProcess) {
  Words alone = kSweep;
  alone.insert(alone.end(), {"--out", "alone"});
  ASSERT_EQ(sweep(0, alone).exit_code, 0);
  const Digests expected = result_digests(path("alone"));
  EXPECT_EQ(expected.size(), 5U);
  const fs::path folder = run_folder(path("alone"));
  const int64_t gradients =
      tensor_bytes(folder / "netG_A.safetensors") + tensor_bytes(folder / "netG_B.safetensors");

  for (const int ranks : {2, 4}) {
    const std::string out = "ranks_" + std::to_string(ranks);
    Words words = kSweep;
    words.insert(words.end(),
                 {"--out", out, "--set", "run.ranks_per_run=" + std::to_string(ranks)});
    const int64_t before[] = {first_->received_bytes(), second_->received_bytes()};
    const Ended ended = sweep_on_both(ranks, words);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_EQ(result_digests(path(out)), expected) << ranks << " ranks";
    // Half of the gradients in the all-to-all, half in the all-gather: all of them, each way.
    EXPECT_GT(first_->received_bytes() - before[0], kSteps * gradients);
    EXPECT_GT(second_->received_bytes() - before[1], kSteps * gradients);
  }
}

}  // namespace
}  // namespace scgan::end_to_end
