#include "core/data/data_cache.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <thread>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/data/dataset.h"
#include "core/data/dataset_source.h"
#include "core/image/image_file.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_images.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

// The time of the last change of content or attributes.
fs::file_time_type changed(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  const auto since_epoch = std::chrono::seconds(status.st_ctim.tv_sec) +
                           std::chrono::nanoseconds(status.st_ctim.tv_nsec);
  return std::chrono::file_clock::from_sys(
      std::chrono::sys_time<std::chrono::nanoseconds>(since_epoch));
}

void expect_equal(const Dataset& data, const Dataset& expected) {
  EXPECT_EQ(data.digest, expected.digest);
  EXPECT_EQ(data.range, expected.range);
  const std::array<std::pair<const ImageSet*, const ImageSet*>, 4> sets{
      {{&data.train_a, &expected.train_a},
       {&data.train_b, &expected.train_b},
       {&data.test_a, &expected.test_a},
       {&data.test_b, &expected.test_b}}};
  for (const auto& [set, other] : sets) {
    EXPECT_EQ(set->names, other->names);
    EXPECT_EQ(set->images.scalar_type(), other->images.scalar_type());
    EXPECT_TRUE(at::equal(set->images, other->images));
  }
}

std::string stderr_of(const std::function<void()>& work) {
  testing::internal::CaptureStderr();
  work();
  return testing::internal::GetCapturedStderr();
}

// Two images of 80 x 70 pixels in each of the four folders.
class DataCacheTest : public testing::Test {
 protected:
  DataCacheTest() {
    spec_.kind = DataKind::kFolders;
    spec_.root = (folder_.path() / "data").string();
    spec_.image_size = 64;
    spec_.tiles = 2;
    int64_t number = 0;
    for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
      fs::create_directories(fs::path(spec_.root) / split);
      for (const char* name : {"a.png", "b.png"})
        write_png(file(split, name), test_image(80, 70, number++));
    }
  }

  fs::path file(const char* split, const char* name) const {
    return fs::path(spec_.root) / split / name;
  }

  // As a sweep starts: rank 0 inspects and publishes, then every rank loads.
  Dataset start() const {
    DatasetSpec spec = spec_;
    DatasetSource first(spec_, cache_);
    spec.digest = first.prepare().digest;
    first.publish();
    return DatasetSource(spec, cache_).load();
  }

  std::vector<fs::path> cached() const {
    return {fs::directory_iterator(cache_), fs::directory_iterator()};
  }
  fs::path images_file() const {
    for (const fs::path& path : cached()) {
      if (path.filename().string().starts_with("images-")) return path;
    }
    ADD_FAILURE() << "no images";
    return "";
  }

  // Waits until the files are so old that their times can show later changes.
  void settle() const {
    for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
      for (const auto& entry : fs::directory_iterator(fs::path(spec_.root) / split)) {
        while (fs::file_time_type::clock::now() - changed(entry.path()) < 150ms) {
          std::this_thread::sleep_for(10ms);
        }
      }
    }
  }

  // Bytes that `work` reads by read(): the cache's images are mapped.
  static size_t bytes_read_by(const std::function<void()>& work) {
    const auto total = [] {
      std::ifstream io("/proc/self/io");
      std::string name;
      size_t bytes = 0;
      io >> name >> bytes;
      EXPECT_EQ(name, "rchar:");
      return bytes;
    };
    const size_t before = total();
    work();
    return total() - before;
  }

  // New content in a file whose size and time of modification stay, as cp -p leaves it.
  void falsify(const fs::path& path, size_t at = 60) const {
    const auto time = fs::last_write_time(path);
    std::string bytes = read_file(path);
    bytes.at(at) = static_cast<char>(~bytes.at(at));
    std::ofstream(path, std::ios::binary) << bytes;
    fs::last_write_time(path, time);
  }

  TempDir folder_;
  fs::path cache_ = folder_.path() / "out" / "cache";
  DatasetSpec spec_;
};

TEST_F(DataCacheTest, HasTheSameImagesAsLoadingWithoutIt) {
  const Dataset plain = DatasetSource(spec_).load();
  settle();
  EXPECT_EQ(stderr_of([&] { expect_equal(start(), plain); }), "");
  EXPECT_EQ(cached().size(), 2U);  // images and sources
  EXPECT_EQ(stderr_of([&] { expect_equal(start(), plain); }), "");
  expect_equal(DatasetSource(spec_, cache_).load(), plain);  // without the digest from inspection
  EXPECT_EQ(DatasetSource(spec_, cache_).inspect().digest, plain.digest);
}

TEST_F(DataCacheTest, NothingIsWrittenBeforePublishing) {
  {
    DatasetSource source(spec_, cache_);
    EXPECT_EQ(source.prepare().test_b, 2);
    DatasetSource(spec_, cache_).inspect();
    EXPECT_FALSE(fs::exists(folder_.path() / "out"));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);  // the data
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(DataCacheTest, BadDataPublishesNothing) {
  truncate_file(file("testB", "a.png"), 0.5);
  EXPECT_THAT(data_error_of([&] { DatasetSource(spec_, cache_).prepare(); }), HasSubstr("a.png"));
  EXPECT_THAT(data_error_of([&] { DatasetSource(spec_, cache_).load(); }), HasSubstr("a.png"));
  EXPECT_FALSE(fs::exists(folder_.path() / "out"));
}

TEST_F(DataCacheTest, UnchangedFilesAreNotReadAgain) {
  for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
    write_png(file(split, "large.png"), at::randint(256, {3, 300, 300}, at::kByte));
  }
  settle();
  start();
  const size_t image_bytes = 4 * fs::file_size(file("testB", "large.png"));
  EXPECT_LT(bytes_read_by([&] { start(); }), image_bytes / 10);
  EXPECT_LT(bytes_read_by([&] { DatasetSource(spec_, cache_).inspect(); }), image_bytes / 10);
  fs::rename(spec_.root, folder_.path() / "elsewhere");
  fs::copy(folder_.path() / "elsewhere", spec_.root, fs::copy_options::recursive);
  EXPECT_GT(bytes_read_by([&] { start(); }), image_bytes);
}

// Programs that copy and unpack restore the time of modification, and plain TIFF or BMP files of
// one camera have one size.
TEST_F(DataCacheTest, ImagesOfEqualSizeAndTimeAreNotTakenForOneAnother) {
  const fs::path first = file("trainA", "a.png"), second = file("trainB", "a.png");
  const std::string one = read_file(first), two = read_file(second);
  const std::string padding(std::max(one.size(), two.size()) + 100, '\0');  // after IEND
  for (const auto& [path, bytes] : {std::pair{first, one}, {second, two}}) {
    std::ofstream(path, std::ios::binary) << (bytes + padding).substr(0, padding.size());
  }
  const auto time = fs::last_write_time(first);
  fs::last_write_time(second, time);
  const auto expect_noticed = [&](const std::string& before) {
    const Dataset present = start();
    EXPECT_NE(present.digest, before);
    expect_equal(present, DatasetSource(spec_).load());
  };
  for (const bool settled : {false, true}) {
    if (settled) settle();
    // Swapped folders.
    std::string before = start().digest;
    fs::rename(first.parent_path(), folder_.path() / "swap");
    fs::rename(second.parent_path(), first.parent_path());
    fs::rename(folder_.path() / "swap", second.parent_path());
    expect_noticed(before);
    // Content overwritten in place.
    before = start().digest;
    const std::string content = read_file(first);
    fs::copy_file(second, first, fs::copy_options::overwrite_existing);
    fs::last_write_time(first, time);
    expect_noticed(before);
    // A new file under the old name.
    if (settled) settle();
    before = start().digest;
    std::ofstream(file("trainA", "new"), std::ios::binary) << content;
    fs::last_write_time(file("trainA", "new"), time);
    fs::rename(file("trainA", "new"), first);
    expect_noticed(before);
  }
}

TEST_F(DataCacheTest, CopiesOfKnownImagesAreNotDecodedAgain) {
  const Dataset before = start();
  fs::rename(spec_.root, folder_.path() / "elsewhere");
  spec_.root = (folder_.path() / "elsewhere").string();
  const auto images_time = fs::last_write_time(images_file());
  expect_equal(start(), before);
  EXPECT_EQ(fs::last_write_time(images_file()), images_time);
  settle();
  start();
  EXPECT_EQ(cached().size(), 2U);  // images, and the sources elsewhere
}

TEST_F(DataCacheTest, ChangedAddedAndRenamedFilesAreNoticed) {
  const std::string digest = start().digest;
  write_png(file("trainA", "a.png"), test_image(80, 70, 50));
  const Dataset changed = start();
  EXPECT_NE(changed.digest, digest);
  expect_equal(changed, DatasetSource(spec_).load());
  write_png(file("trainA", "c.png"), test_image(80, 70, 51));
  EXPECT_EQ(start().train_a.images.size(0), 3);
  fs::rename(file("trainA", "c.png"), file("trainA", "d.png"));
  EXPECT_THAT(start().train_a.names, testing::ElementsAre("a", "b", "d"));
  fs::last_write_time(file("testA", "a.png"), fs::file_time_type::clock::now());
  falsify(file("testA", "a.png"));  // of the same size, but later than what is known
  fs::last_write_time(file("testA", "a.png"), fs::file_time_type::clock::now());
  EXPECT_THAT(data_error_of([&] { start(); }), HasSubstr("a.png"));
}

TEST_F(DataCacheTest, WithADigestTheFilesNeedNotExist) {
  spec_.digest = start().digest;
  fs::remove_all(spec_.root);
  EXPECT_EQ(DatasetSource(spec_, cache_).load().test_a.images.sizes(),
            (std::vector<int64_t>{8, 3, 64, 64}));
}

TEST_F(DataCacheTest, ImagesOutliveTheirDataSetAndTheFolder) {
  const at::Tensor expected = DatasetSource(spec_).load().train_a.images;
  const at::Tensor images = start().train_a.images;
  fs::remove_all(cache_);
  EXPECT_TRUE(at::equal(images, expected));
}

TEST_F(DataCacheTest, DamagedPartsAreRebuiltWithAWarning) {
  const Dataset plain = DatasetSource(spec_).load();
  start();
  const std::string whole = read_file(images_file());
  // First, inner and last image, catalog, its size, its checksum.
  for (const size_t at : {size_t{0}, size_t{100000}, size_t{262143}, whole.size() - 17,
                          whole.size() - 10, whole.size() - 1}) {
    falsify(images_file(), at);
    EXPECT_THAT(stderr_of([&] { expect_equal(start(), plain); }), HasSubstr("decoded again")) << at;
    EXPECT_EQ(stderr_of([&] { start(); }), "");
    EXPECT_EQ(read_file(images_file()), whole);
  }
  for (const size_t length :
       {size_t{0}, size_t{20}, size_t{4096}, size_t{5000}, whole.size() - 1}) {
    fs::resize_file(images_file(), length);
    spec_.digest = plain.digest;  // as the other ranks
    EXPECT_THAT(stderr_of([&] { expect_equal(DatasetSource(spec_, cache_).load(), plain); }),
                HasSubstr("decoded again"))
        << length;
    EXPECT_EQ(read_file(images_file()), whole);
  }
  fs::resize_file(images_file(), whole.size() + 1);  // with a zero
  EXPECT_THAT(stderr_of([&] { start(); }), HasSubstr("decoded again"));
}

// The check of all images is what takes time when many ranks of a host start.
TEST_F(DataCacheTest, ImagesAreCheckedOnceWhileAProcessHasThemOpen) {
  spec_.digest = start().digest;
  const auto load = [&] { return DatasetSource(spec_, cache_).load(); };
  std::optional<Dataset> first = load();
  falsify(images_file(), 100000);
  EXPECT_EQ(stderr_of([&] {
              const Dataset second = load();
              first.reset();
              load();  // the second one has still checked them
            }),
            "");
  EXPECT_THAT(stderr_of([&] { load(); }), HasSubstr("is damaged; the images are decoded again"));
}

// Rank 0 has checked them before the others start to load.
TEST_F(DataCacheTest, ImagesThatAStartHasCheckedAreNotCheckedByTheRanks) {
  spec_.digest = start().digest;
  DatasetSource rank_0(spec_, cache_);
  rank_0.prepare();
  rank_0.publish();
  falsify(images_file(), 100000);
  EXPECT_EQ(stderr_of([&] { DatasetSource(spec_, cache_).load(); }), "");
}

TEST_F(DataCacheTest, DamagedSourcesAreInspectedAgain) {
  settle();
  const std::string digest = start().digest;
  for (const fs::path& path : cached()) {
    if (path != images_file()) falsify(path, 3);
  }
  EXPECT_EQ(DatasetSource(spec_, cache_).inspect().digest, digest);
  for (const fs::path& path : cached()) {
    if (path != images_file()) fs::resize_file(path, 70);
  }
  EXPECT_EQ(DatasetSource(spec_, cache_).inspect().digest, digest);
  EXPECT_EQ(start().digest, digest);
}

TEST_F(DataCacheTest, SeveralProcessesMayBuildItAtOnce) {
  settle();
  const Dataset plain = DatasetSource(spec_).load();
  std::vector<Dataset> all(4);
  const std::string warnings = stderr_of([&] {
    std::vector<std::jthread> threads;
    for (Dataset& data : all)
      threads.emplace_back([&] { data = DatasetSource(spec_, cache_).load(); });
  });
  EXPECT_EQ(warnings, "");
  for (const Dataset& data : all) expect_equal(data, plain);
  EXPECT_EQ(cached().size(), 2U);
}

TEST_F(DataCacheTest, FolderThatCannotBeWrittenIsOnlyAWarning) {
  const Dataset plain = DatasetSource(spec_).load();
  write_file_atomically(folder_.path() / "out", "a file where a folder should be");
  EXPECT_THAT(stderr_of([&] { expect_equal(start(), plain); }), HasSubstr("cannot be kept"));
  cache_ = "/proc/none/cache";
  EXPECT_THAT(stderr_of([&] { expect_equal(start(), plain); }), HasSubstr("cannot be kept"));
}

TEST_F(DataCacheTest, FullDiskIsOnlyAWarning) {
  // A limit on the size of files stands for the disk's.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit low{100000, limit.rlim_max};
  const std::string digest = DatasetSource(spec_).inspect().digest;
  for (const Scaling scaling : {Scaling::kDtype, Scaling::kPercentile}) {
    spec_.scaling = scaling;
    DatasetSource source(spec_, cache_);
    DataSummary summary;
    setrlimit(RLIMIT_FSIZE, &low);
    const std::string warning = stderr_of([&] {
      summary = source.prepare();
      source.publish();
    });
    setrlimit(RLIMIT_FSIZE, &limit);
    EXPECT_THAT(warning, HasSubstr("cannot be kept"));
    EXPECT_EQ(summary.digest, digest);
    EXPECT_FALSE(fs::exists(folder_.path() / "out"));
  }
}

TEST_F(DataCacheTest, PercentilesOfAllDepthsAreTheSameWithoutIt) {
  spec_.scaling = Scaling::kPercentile;
  expect_equal(start(), DatasetSource(spec_).load());
  expect_equal(start(), DatasetSource(spec_).load());  // mapped, with its range
  const auto each = [&](const std::function<void(const fs::path& folder, int number)>& write) {
    int number = 0;
    for (const char* split : {"trainA", "trainB", "testA", "testB"}) {
      fs::remove_all(file(split, ""));
      fs::create_directories(file(split, ""));
      write(file(split, ""), ++number);
    }
    const Dataset data = start();
    expect_equal(data, DatasetSource(spec_).load());
    return data;
  };
  const Dataset grey = each([&](const fs::path& folder, int number) {
    std::vector<uint16_t> samples;
    for (int i = 0; i < 70 * 70; ++i) samples.push_back(static_cast<uint16_t>(i * 13 * number));
    write_png16(folder / "a.png", 70, 70, 1, samples);
  });
  EXPECT_GT(grey.range[0][1], 255);
  const Dataset floats = each([&](const fs::path& folder, int number) {
    std::vector<float> samples;
    for (int i = 0; i < 70 * 70; ++i) samples.push_back(static_cast<float>(i - 2000) * 0.37F);
    write_float_tiff(folder / fmt::format("{}.tif", number), 70, 70, samples);
  });
  EXPECT_LT(floats.range[2][0], -700);
}

TEST_F(DataCacheTest, KeyDependsOnWhatDecidesThePixels) {
  const auto key = [&](const std::function<void(DatasetSpec&)>& change) {
    DatasetSpec spec = spec_;
    change(spec);
    return pixels_key(spec);
  };
  const std::string same = pixels_key(spec_);
  EXPECT_NE(key([](DatasetSpec& s) { s.image_size = 128; }), same);
  EXPECT_NE(key([](DatasetSpec& s) { s.load_size = 70; }), same);
  EXPECT_NE(key([](DatasetSpec& s) { s.crop = false; }), same);
  EXPECT_NE(key([](DatasetSpec& s) { s.tiles = 1; }), same);
  EXPECT_NE(key([](DatasetSpec& s) { s.scaling = Scaling::kPercentile; }), same);
  const auto stretched = key([](DatasetSpec& s) { s.scaling = Scaling::kPercentile; });
  EXPECT_NE(key([](DatasetSpec& s) {
              s.scaling = Scaling::kPercentile;
              s.percentile_low = 1;
            }),
            stretched);
  EXPECT_EQ(key([](DatasetSpec& s) { s.flip = false, s.percentage = 20, s.shuffle = false; }),
            same);
  EXPECT_EQ(key([](DatasetSpec& s) { s.percentile_low = 1; }), same);
}

TEST(SyntheticDataCacheTest, GeneratedImagesNeedNoFolder) {
  DatasetSpec spec;
  spec.image_size = 64;
  spec.synthetic.train_images = 2;
  spec.synthetic.test_images = 2;
  DatasetSource source(spec, "/proc/none/cache");
  const DataSummary summary = source.prepare();
  source.publish();
  EXPECT_EQ(summary.digest, source.load().digest);
}

}  // namespace
}  // namespace scgan
