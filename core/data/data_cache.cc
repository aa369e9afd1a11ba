#include "core/data/data_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <string_view>
#include <system_error>
#include <type_traits>

#include "core/base/atomic_file.h"
#include "core/base/checksum.h"
#include "core/base/descriptor.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mapped_file.h"
#include "core/base/parallel_for.h"
#include "core/base/sha256.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr int kVersion = 1;
constexpr std::string_view kMagic = "scganimg";

struct Header {
  std::array<char, 8> magic{};
  uint64_t catalog_begin = 0;
  uint64_t catalog_bytes = 0;
  uint64_t catalog_checksum = 0;
  uint64_t own_checksum = 0;  // of all before
};
static_assert(std::is_trivially_copyable_v<Header> && sizeof(Header) == 40);

uint64_t own_checksum(const Header& header) {
  return checksum(&header, offsetof(Header, own_checksum));
}

[[noreturn]] void fail(const std::string& problem) { throw Error(ErrorKind::kStorage, problem); }

// Compares all images with their checksums, on all cores.
void verify(const DatasetSpec& spec, const ImageCatalog& catalog, const MappedFile& mapping) {
  const ImageLayout layout = layout_of(spec, catalog);
  for (size_t split = 0; split < kSplits.size(); ++split) {
    const std::vector<uint64_t>& checksums = catalog.checksums[split];
    parallel_for(checksums.size(), [&](size_t i) {
      const size_t offset = layout.offset(split, static_cast<int64_t>(i));
      if (checksum(mapping.data() + offset, layout.field_bytes(split)) != checksums[i]) {
        fail(fmt::format("image {} of {} is not as it was written", catalog.names[split][i],
                         kSplits[split]));
      }
    });
  }
}

// The part of a file from `begin` on; never touches what is not there.
std::string read_part(int descriptor, size_t begin, size_t count) {
  std::string bytes(count, '\0');
  for (size_t done = 0; done < count;) {
    const ssize_t taken =
        ::pread(descriptor, bytes.data() + done, count - done, static_cast<off_t>(begin + done));
    if (taken < 0 && errno == EINTR) continue;
    if (taken <= 0) fail(taken < 0 ? std::strerror(errno) : "it ends early");
    done += static_cast<size_t>(taken);
  }
  return bytes;
}

Dataset open_images(int descriptor, const fs::path& file, const DatasetSpec& spec,
                    const std::string& digest) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail(std::strerror(errno));
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < ImageLayout::kBegin) fail("it ends early");
  Header header;
  std::memcpy(&header, read_part(descriptor, 0, sizeof(header)).data(), sizeof(header));
  if (std::string_view(header.magic.data(), kMagic.size()) != kMagic ||
      header.own_checksum != own_checksum(header)) {
    fail("its header is damaged");
  }
  if (header.catalog_begin > size || header.catalog_bytes != size - header.catalog_begin) {
    fail(fmt::format("it has {} bytes in place of {}", size,
                     header.catalog_begin + header.catalog_bytes));
  }
  const std::string bytes = read_part(descriptor, header.catalog_begin, header.catalog_bytes);
  if (checksum(bytes.data(), bytes.size()) != header.catalog_checksum) {
    fail("its catalog is damaged");
  }
  const ImageCatalog catalog = catalog_from_bytes(bytes, pixels_key(spec), digest);
  if (layout_of(spec, catalog).end() != header.catalog_begin) fail("its catalog is wrong");
  const auto mapping = MappedFile::of(descriptor, size, file);
  verify(spec, catalog, *mapping);
  return dataset_of(spec, catalog, mapping);
}

// Path, size and time of last change; a file that is not there has none of the latter two.
std::string state_of(const fs::path& file) {
  struct stat status {};
  if (file.empty() || ::stat(file.c_str(), &status) != 0) return file.string();
  return fmt::format("{} {} {}.{:09}", fs::absolute(file).string(), status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

std::string sources_text(const DataSummary& summary) {
  const std::string text = fmt::format("{} {} {} {} {}", summary.digest, summary.train_a,
                                       summary.train_b, summary.test_a, summary.test_b);
  return fmt::format("{} {:016x}\n", text, checksum(text.data(), text.size()));
}

// nullopt: the text is not whole.
std::optional<DataSummary> summary_of(const std::string& text) {
  std::istringstream in(text);
  DataSummary summary;
  in >> summary.digest >> summary.train_a >> summary.train_b >> summary.test_a >> summary.test_b;
  if (!in || text != sources_text(summary)) return std::nullopt;
  return summary;
}

}  // namespace

std::string pixels_key(const DatasetSpec& spec) {
  std::string key = fmt::format("v{} size {} training {} tiles {}", kVersion, spec.image_size,
                                training_side(spec), spec.tiles);
  if (spec.scaling == Scaling::kPercentile) {
    key += fmt::format(" percentiles {} {}", spec.percentile_low, spec.percentile_high);
  }
  if (spec.test_split == TestSplit::kTrain) key += " training images as test images";
  return key;
}

std::string sources_key(const DatasetSpec& spec, const std::vector<FieldOfView>& fields) {
  std::vector<std::string> states(fields.size());
  parallel_for(fields.size(), [&](size_t i) {
    states[i] = fields[i].label;
    for (const fs::path& file : fields[i].files) states[i] += '\0' + state_of(file);
  });
  Sha256 all;
  all.update(pixels_key(spec) + "\n");
  for (const std::string& state : states) all.update(state + "\n");
  return all.hex();
}

void write_catalog(const TemporaryFile& file, const DatasetSpec& spec,
                   const ImageCatalog& catalog) {
  const std::string bytes = to_bytes(catalog, pixels_key(spec));
  Header header;
  std::copy(kMagic.begin(), kMagic.end(), header.magic.begin());
  header.catalog_begin = layout_of(spec, catalog).end();
  header.catalog_bytes = bytes.size();
  header.catalog_checksum = checksum(bytes.data(), bytes.size());
  header.own_checksum = own_checksum(header);
  file.write_at(header.catalog_begin, bytes.data(), bytes.size());
  file.write_at(0, &header, sizeof(header));
}

fs::path DataCache::images_file(const DatasetSpec& spec, const std::string& digest) const {
  return folder_ / ("images-" + sha256_hex(pixels_key(spec) + digest).substr(0, 32));
}

fs::path DataCache::sources_file(const std::string& sources) const {
  return folder_ / ("sources-" + sources.substr(0, 32));
}

std::optional<DataSummary> DataCache::known(const std::string& sources) const {
  const fs::path file = sources_file(sources);
  std::error_code failed;
  if (!fs::is_regular_file(file, failed)) return std::nullopt;
  try {
    return summary_of(read_file(file));
  } catch (const Error&) {  // cannot be read: nothing is known
    return std::nullopt;
  }
}

std::optional<Dataset> DataCache::attempt(const DatasetSpec& spec, const std::string& digest,
                                          std::string& problem) const {
  const fs::path file = images_file(spec, digest);
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in && errno == ENOENT) return std::nullopt;
  try {
    if (!in) fail(std::strerror(errno));
    return open_images(in.get(), file, spec, digest);
  } catch (const Error& error) {
    problem = fmt::format("{}: {}", file.string(), error.what());
    return std::nullopt;
  }
}

std::optional<Dataset> DataCache::open(const DatasetSpec& spec, const std::string& digest) const {
  std::string problem;
  auto data = attempt(spec, digest, problem);
  if (!problem.empty()) log::warn("{}; the images are decoded again", problem);
  return data;
}

void DataCache::publish(const TemporaryFile& images, const DatasetSpec& spec,
                        const std::string& sources, const DataSummary& summary) const {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) fail(fmt::format("{}: {}", folder_.string(), failed.message()));
  // A good file stays: others may have mapped it, and network file systems take it away from them.
  std::string problem;
  if (!attempt(spec, summary.digest, problem)) images.publish(images_file(spec, summary.digest));
  const std::string text = sources_text(summary);
  const TemporaryFile file = TemporaryFile::in_folder(folder_);
  file.write_at(0, text.data(), text.size());
  file.publish(sources_file(sources));
}

}  // namespace scgan
