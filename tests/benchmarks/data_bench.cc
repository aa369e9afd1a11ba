// data_bench [COUNT [SIZE]]: what a start costs on COUNT PNG files (10,000) of SIZE x SIZE pixels
// (256): decoding alone, the first start, which decodes and builds the cache, and the second one.
//
// The files are generated cells, of which a few dozen are drawn and then copied, in a temporary
// folder.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/parallel_for.h"
#include "core/data/dataset_source.h"
#include "core/data/synthetic_cells.h"
#include "core/image/image_file.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDrawings = 64;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "data_bench_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// `count` files, a twentieth of them in each test folder.
std::vector<fs::path> write_files(const fs::path& root, size_t count, int64_t size) {
  std::vector<fs::path> files(count);
  std::vector<std::string> drawings(kDrawings);
  parallel_for(kDrawings, [&](size_t i) {
    const fs::path file = root / fmt::format("drawing-{}.png", i);
    write_png(file, synthetic_image({}, i % 2 == 0 ? Split::kTrainA : Split::kTrainB,
                                    static_cast<int64_t>(i), size));
    drawings[i] = read_file(file);
    fs::remove(file);
  });
  for (const char* split : {"trainA", "trainB", "testA", "testB"})
    fs::create_directory(root / split);
  parallel_for(count, [&](size_t i) {
    const char* split = i % 20 == 0   ? "testA"
                        : i % 20 == 1 ? "testB"
                        : i % 2 == 0  ? "trainA"
                                      : "trainB";
    files[i] = root / split / fmt::format("{:06}.png", i);
    std::ofstream(files[i], std::ios::binary) << drawings[i % kDrawings];
  });
  return files;
}

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void start(DatasetSpec spec, const fs::path& cache) {
  DatasetSource source(spec, cache);
  spec.digest = source.prepare().digest;
  source.publish();
  DatasetSource(spec, cache).load();
}

void run(size_t count, int64_t size) {
  const TemporaryFolder folder;
  DatasetSpec spec;
  spec.kind = DataKind::kFolders;
  spec.root = folder.path().string();
  spec.image_size = size;
  const auto files = write_files(folder.path(), count, size);
  const fs::path cache = folder.path() / "out" / "cache";
  fmt::print("{} PNG files of {} x {} pixels, {} threads\n", count, size, size,
             std::thread::hardware_concurrency());
  const double decoding =
      seconds([&] { parallel_for(count, [&](size_t i) { read_image(files[i]); }); });
  fmt::print("decoding alone  {:8.3f} s\n", decoding);
  const double first = seconds([&] { start(spec, cache); });
  fmt::print("first start     {:8.3f} s  {:.2f} x decoding alone\n", first, first / decoding);
  const double second = seconds([&] { start(spec, cache); });
  fmt::print("second start    {:8.3f} s  1/{:.0f} of the first\n", second, first / second);
  fmt::print("inspection then {:8.3f} s\n", seconds([&] { DatasetSource(spec, cache).inspect(); }));
}

}  // namespace
}  // namespace scgan

int main(int argc, char** argv) {
  try {
    at::set_num_threads(1);
    scgan::run(argc > 1 ? std::stoul(argv[1]) : 10000, argc > 2 ? std::stol(argv[2]) : 256);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "data_bench: {}\n", problem.what());
    return 1;
  }
}
