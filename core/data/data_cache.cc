#include "core/data/data_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "core/base/atomic_file.h"
#include "core/base/byte_lock.h"
#include "core/base/checksum.h"
#include "core/base/descriptor.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/mapped_file.h"
#include "core/base/parallel_for.h"
#include "core/base/sha256.h"
#include "core/image/raw_image.h"

namespace scgan {
namespace {

namespace fs = std::filesystem;

constexpr int kVersion = 3;
constexpr const char* kImagesPrefix = "images-";

// The last bytes of a file of images.
struct Trailer {
  uint64_t catalog_bytes = 0;
  uint64_t catalog_checksum = 0;
};
static_assert(std::is_trivially_copyable_v<Trailer> && sizeof(Trailer) == 16);

[[noreturn]] void fail(const std::string& problem) { throw Error(ErrorKind::kStorage, problem); }

// Compares all images with their checksums, on all cores.
void verify(const ImageLayout& layout, const ImageCatalog& catalog, const MappedFile& mapping) {
  for (const Split split : kSplits) {
    const ImageLayout::Part& part = layout[split];
    const std::vector<uint64_t>& checksums = catalog.checksums[split];
    parallel_for(checksums.size(), [&](size_t i) {
      if (checksum(mapping.data() + part.offset(i), part.field_bytes) != checksums[i]) {
        fail(fmt::format("image {} of {} is damaged", catalog.names[split][i], to_string(split)));
      }
    });
  }
}

// `count` bytes of a file from `begin` on. Reading a mapping past the end of the file would kill
// the program, so the file is mapped only after its size was checked.
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

// While a process of this host maps images that it has verified, it holds a lock on a byte of their
// file, and others need not verify them. A second byte is locked while one of them verifies, so
// that the others wait.
class VerifiedMark {
 public:
  explicit VerifiedMark(int descriptor) : descriptor_(descriptor) {
    char host[256] = "";
    ::gethostname(host, sizeof(host) - 1);
    mark_ = static_cast<int64_t>(checksum(host, std::strlen(host)) >> 2 & ~uint64_t{1});
  }

  // Calls `verify`, which throws if the images are damaged, unless another process has.
  void set(const std::function<void()>& verify) const {
    const bool waited = lock_byte(descriptor_, mark_ + 1, ByteLock::kExclusive);
    if (!waited || !is_locked_elsewhere(descriptor_, mark_)) verify();
    lock_byte(descriptor_, mark_, ByteLock::kShared);
    unlock_byte(descriptor_, mark_ + 1);
  }

 private:
  int descriptor_;
  int64_t mark_;
};

// A mapping and its file, which stays open as long.
struct OpenMapping {
  Descriptor descriptor;
  std::shared_ptr<const MappedFile> mapping;
};

DataCache::Opened open_images(Descriptor open, const fs::path& file, const DatasetSpec& spec,
                              const std::string& digest) {
  const int descriptor = open.get();
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail(std::strerror(errno));
  const auto size = static_cast<uint64_t>(status.st_size);
  Trailer trailer;
  if (size < sizeof(trailer)) fail("it ends early");
  const size_t catalog_end = size - sizeof(trailer);
  std::memcpy(&trailer, read_part(descriptor, catalog_end, sizeof(trailer)).data(),
              sizeof(trailer));
  if (trailer.catalog_bytes > catalog_end) fail("its end is damaged");
  const size_t catalog_begin = catalog_end - trailer.catalog_bytes;
  const std::string bytes = read_part(descriptor, catalog_begin, trailer.catalog_bytes);
  if (checksum(bytes.data(), bytes.size()) != trailer.catalog_checksum) {
    fail("its catalog is damaged");
  }
  const ImageCatalog catalog = catalog_from_bytes(bytes, pixels_key(spec), digest);
  const ImageLayout layout(spec, catalog);
  if (layout.end() != catalog_begin) fail("it has the wrong size");
  const auto mapping = MappedFile::of(descriptor, size, file);
  VerifiedMark(descriptor).set([&] { verify(layout, catalog, *mapping); });
  const auto kept = std::make_shared<OpenMapping>(OpenMapping{std::move(open), mapping});
  return {summary_of(catalog), dataset_of(spec, catalog, {kept, mapping.get()})};
}

// Appends catalog and trailer to the images.
void append_catalog(const TemporaryFile& images, const DatasetSpec& spec,
                    const ImageCatalog& catalog) {
  std::string bytes = to_bytes(catalog, pixels_key(spec));
  const Trailer trailer{bytes.size(), checksum(bytes.data(), bytes.size())};
  bytes.append(reinterpret_cast<const char*>(&trailer), sizeof(trailer));
  images.write_at(ImageLayout(spec, catalog).end(), bytes.data(), bytes.size());
}

constexpr int64_t kSecond = 1'000'000'000;

int64_t nanoseconds(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

int64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds(time);
}

// Whether a later change would have another time. The clock of file systems advances every few
// milliseconds, or every second or two where times are whole seconds.
bool has_settled(const timespec& change, int64_t now) {
  return nanoseconds(change) + (change.tv_nsec == 0 ? 2 * kSecond : kSecond / 10) < now;
}

// Whether st_ctime is the time of the last change, which programs cannot set. FAT has none, and a
// FUSE file system may return anything.
bool keeps_change_times(const fs::path& file) {
  struct statfs system {};
  if (::statfs(file.c_str(), &system) != 0) return false;
  const auto type = static_cast<unsigned long>(system.f_type);
  return type != MSDOS_SUPER_MAGIC && type != EXFAT_SUPER_MAGIC && type != FUSE_SUPER_MAGIC;
}

struct SourceState {
  std::string text;
  // Whether equal texts mean equal content.
  bool is_decisive = true;
};

// Equal sizes and times of modification prove nothing: cp -p, rsync and unzip restore the time, and
// images of one size are common. Only the path if the file does not exist or is not named.
SourceState state_of(const fs::path& file, int64_t now) {
  struct stat status {};
  if (file.empty() || ::stat(file.c_str(), &status) != 0) return {file.string()};
  return {fmt::format("{} {} {} {} {}", fs::absolute(file).string(), status.st_ino, status.st_size,
                      nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)),
          has_settled(status.st_ctim, now) && keeps_change_times(file)};
}

std::string sources_text(const std::string& digest) {
  return fmt::format("{} {:016x}\n", digest, checksum(digest.data(), digest.size()));
}

// nullopt if the text is damaged.
std::optional<std::string> digest_of(const std::string& text) {
  std::string digest = text.substr(0, text.find(' '));
  if (text != sources_text(digest)) return std::nullopt;
  return digest;
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

DataCache::DataCache(fs::path folder, DatasetSpec spec)
    : folder_(std::move(folder)), spec_(std::move(spec)), pixels_(pixels_key(spec_)) {}

std::optional<std::string> DataCache::sources_key(const std::vector<FieldOfView>& fields) const {
  std::vector<std::string> states(fields.size());
  std::atomic<bool> is_decisive = true;
  parallel_for(fields.size(), [&, now = now()](size_t i) {
    states[i] = fields[i].label;
    for (const fs::path& file : fields[i].files) {
      const SourceState state = state_of(file, now);
      states[i] += '\0' + state.text;
      if (!state.is_decisive) is_decisive = false;
    }
  });
  if (!is_decisive) return std::nullopt;
  Sha256 all;
  all.update(pixels_ + "\n");
  for (const std::string& state : states) all.update(state + "\n");
  return all.hex();
}

fs::path DataCache::images_file(const std::string& digest) const {
  return folder_ / (kImagesPrefix + sha256_hex(pixels_ + digest).substr(0, 32));
}

fs::path DataCache::sources_file(const std::string& sources) const {
  return folder_ / ("sources-" + sources.substr(0, 32));
}

std::optional<std::string> DataCache::known(const std::optional<std::string>& sources) const {
  if (!sources) return std::nullopt;
  const fs::path file = sources_file(*sources);
  std::error_code failed;
  if (!fs::is_regular_file(file, failed)) return std::nullopt;
  try {
    return digest_of(read_file(file));
  } catch (const Error&) {  // an unreadable file is as good as none
    return std::nullopt;
  }
}

bool DataCache::has_images() const {
  std::error_code failed;
  const fs::directory_iterator files(folder_, failed);
  return !failed && std::any_of(begin(files), end(files), [](const fs::directory_entry& entry) {
    return entry.path().filename().string().starts_with(kImagesPrefix);
  });
}

std::optional<std::string> DataCache::digest_by_content(
    const std::vector<FieldOfView>& fields) const {
  if (!has_images()) return std::nullopt;
  std::vector<std::string> digests(fields.size());
  try {
    parallel_for(fields.size(), [&](size_t i) { digests[i] = content_digest(fields[i].files); });
  } catch (const Error&) {
    return std::nullopt;
  }
  return data_digest(fields, digests);
}

std::optional<DataCache::Opened> DataCache::try_open(const std::string& digest,
                                                     std::string& problem) const {
  const fs::path file = images_file(digest);
  Descriptor in(::open(file.c_str(), O_RDWR | O_CLOEXEC));  // to lock bytes; it is never written
  if (!in && errno == ENOENT) return std::nullopt;
  if (!in) in.reset(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  try {
    if (!in) fail(std::strerror(errno));
    return open_images(std::move(in), file, spec_, digest);
  } catch (const Error& error) {
    problem = fmt::format("{}: {}", file.string(), error.what());
    return std::nullopt;
  }
}

std::optional<DataCache::Opened> DataCache::open(const std::string& digest) const {
  std::string problem;
  auto opened = try_open(digest, problem);
  if (!problem.empty()) log::warn("{}; the images are decoded again", problem);
  return opened;
}

void DataCache::make_folder() const {
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed) fail(fmt::format("{}: {}", folder_.string(), failed.message()));
}

void DataCache::publish(const TemporaryFile& images, const ImageCatalog& catalog) const {
  make_folder();
  // An intact file stays: other processes may have mapped it, and a network file system would
  // invalidate their mapping.
  std::string problem;
  if (try_open(catalog.digest, problem)) return;
  append_catalog(images, spec_, catalog);
  images.publish(images_file(catalog.digest));
}

void DataCache::publish(const std::string& digest,
                        const std::optional<std::string>& sources) const {
  if (!sources || known(sources)) return;
  make_folder();
  const std::string text = sources_text(digest);
  const TemporaryFile file = TemporaryFile::in_folder(folder_);
  file.write_at(0, text.data(), text.size());
  file.publish(sources_file(*sources));
}

}  // namespace scgan
