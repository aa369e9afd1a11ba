// Times the two forms of FID, KID and, where Python has SciPy, the published programs' way to FID
// on the same features: 120 and 140 images, as horse2zebra's test sets, of 2048 numbers. One
// thread.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "core/eval/fid.h"
#include "core/eval/kid.h"

namespace {

constexpr int64_t kFeatures = 2048;

struct Timing {
  double value = 0, milliseconds = 0;
};

// The median of the repetitions; one before them is not counted.
Timing timed(int repetitions, const std::function<double()>& compute) {
  Timing timing{.value = compute()};
  std::vector<double> all;
  for (int i = 0; i < repetitions; ++i) {
    const auto start = std::chrono::steady_clock::now();
    compute();
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    all.push_back(taken.count());
  }
  std::nth_element(all.begin(), all.begin() + repetitions / 2, all.end());
  timing.milliseconds = all[static_cast<size_t>(repetitions) / 2];
  return timing;
}

void print(const std::string& method, const Timing& timing, double fastest) {
  fmt::print("{:<44}{:>16.9f}{:>12.2f} ms{:>11.1f}\n", method, timing.value, timing.milliseconds,
             timing.milliseconds / fastest);
}

void write(const at::Tensor& features, const std::filesystem::path& file) {
  std::ofstream(file, std::ios::binary)
      .write(static_cast<const char*>(features.const_data_ptr()),
             static_cast<std::streamsize>(features.nbytes()));
}

// The output of the script; empty if it cannot run (stderr has the reason).
std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  std::array<char, 256> buffer{};
  while (fgets(buffer.data(), buffer.size(), pipe) != nullptr) output += buffer.data();
  return pclose(pipe) == 0 ? output : "";
}

void time_scipy(const at::Tensor& a, const at::Tensor& b, double fastest) {
  const char* chosen = std::getenv("PYTHON");
  const std::string python = chosen != nullptr ? chosen : "python3";
  std::string folder = (std::filesystem::temp_directory_path() / "fid_bench_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    fmt::print("SciPy's sqrtm: skipped, no folder can be made for the features\n");
    return;
  }
  write(a, folder + "/a");
  write(b, folder + "/b");
  std::fflush(stdout);
  std::istringstream output(output_of(
      fmt::format("OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 '{}' '{}' '{}/a' "
                  "'{}/b' {}",
                  python, SCGAN_FID_SQRTM, folder, folder, kFeatures)));
  std::filesystem::remove_all(folder);
  Timing timing;
  std::string versions;
  if (output >> timing.value >> timing.milliseconds && std::getline(output >> std::ws, versions)) {
    print(fmt::format("FID, sqrtm ({}), once", versions), timing, fastest);
  } else {
    fmt::print("SciPy's sqrtm: skipped, '{}' has no NumPy and SciPy; PYTHON=... names another\n",
               python);
  }
}

}  // namespace

int main() {
  at::set_num_threads(1);
  at::manual_seed(1);
  const at::Tensor a = at::randn({120, kFeatures}, at::kDouble).relu();
  const at::Tensor b = at::randn({140, kFeatures}, at::kDouble).mul(1.2).add(0.1).relu();
  fmt::print("120 and 140 images, {} features, one thread\n{:<44}{:>16}{:>15}{:>11}\n", kFeatures,
             "", "value", "median", "times as");
  const Timing by_singular_values =
      timed(21, [&] { return scgan::frechet_distance_by_singular_values(a, b); });
  const double fastest = by_singular_values.milliseconds;
  print("FID, singular values (as used)", by_singular_values, fastest);
  print("FID, eigenvalues (self-check)",
        timed(3, [&] { return scgan::frechet_distance_by_eigenvalues(a, b); }), fastest);
  print("KID, all and 100 subsets of 120",
        timed(11, [&] { return scgan::kernel_distance(a, b, {}).full; }), fastest);
  time_scipy(a, b, fastest);
  return 0;
}
