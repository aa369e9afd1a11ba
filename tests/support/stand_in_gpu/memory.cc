#include "tests/support/stand_in_gpu/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

namespace scgan::stand_in {
namespace {

struct Block {
  size_t bytes;
  MemoryLocation where;
  char* inside;  // its address for kernels
};

// Never destroyed: threads of streams outlive main().
struct Memory {
  std::mutex mutex;
  std::map<uintptr_t, Block> blocks;  // by first address
  std::map<int, size_t> used;         // by device
};

Memory& memory() {
  static auto& all = *new Memory;
  return all;
}

size_t capacity() {
  const char* text = std::getenv("SCGAN_STAND_IN_MEMORY_MIB");
  return (text == nullptr ? size_t{8192} : std::stoul(text)) << 20;
}

// The block that contains `address`, or nullptr. The caller holds the mutex.
const Block* block_of(uintptr_t address, uintptr_t* first) {
  auto after = memory().blocks.upper_bound(address);
  if (after == memory().blocks.begin()) return nullptr;
  --after;
  if (address - after->first >= after->second.bytes) return nullptr;
  *first = after->first;
  return &after->second;
}

}  // namespace

void* allocate(size_t bytes, int device) {
  bytes = bytes == 0 ? 1 : bytes;
  const std::scoped_lock lock(memory().mutex);
  size_t& used = memory().used[device];
  if (bytes > capacity() - used) return nullptr;
  // Maps the same pages twice: without access for the program, with access for kernels.
  const int file = memfd_create("stand-in-gpu", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, static_cast<off_t>(bytes)) != 0) std::abort();
  void* outside = mmap(nullptr, bytes, PROT_NONE, MAP_SHARED, file, 0);
  void* inside = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (outside == MAP_FAILED || inside == MAP_FAILED) std::abort();
  std::memset(inside, 0xFF, bytes);
  used += bytes;
  memory().blocks[reinterpret_cast<uintptr_t>(outside)] = {
      bytes, {MemoryKind::kDevice, device}, static_cast<char*>(inside)};
  return outside;
}

void* allocate_pinned(size_t bytes) {
  auto* address = static_cast<char*>(std::malloc(bytes == 0 ? 1 : bytes));
  if (address == nullptr) return nullptr;
  const std::scoped_lock lock(memory().mutex);
  memory().blocks[reinterpret_cast<uintptr_t>(address)] = {
      bytes, {MemoryKind::kPinned, -1}, address};
  return address;
}

bool release(void* address) {
  const std::scoped_lock lock(memory().mutex);
  const auto found = memory().blocks.find(reinterpret_cast<uintptr_t>(address));
  if (found == memory().blocks.end()) return false;
  const Block& block = found->second;
  if (block.where.kind == MemoryKind::kDevice) {
    munmap(address, block.bytes);
    munmap(block.inside, block.bytes);
    memory().used[block.where.device] -= block.bytes;
  } else {
    std::free(address);
  }
  memory().blocks.erase(found);
  return true;
}

void* kernel_address(const void* address) {
  const auto number = reinterpret_cast<uintptr_t>(address);
  const std::scoped_lock lock(memory().mutex);
  uintptr_t first = 0;
  const Block* block = block_of(number, &first);
  return block == nullptr ? const_cast<void*>(address) : block->inside + (number - first);
}

MemoryLocation location_of(const void* address) {
  const std::scoped_lock lock(memory().mutex);
  uintptr_t first = 0;
  const Block* block = block_of(reinterpret_cast<uintptr_t>(address), &first);
  return block == nullptr ? MemoryLocation{} : block->where;
}

MemoryInfo memory_info(int device) {
  const std::scoped_lock lock(memory().mutex);
  return {capacity() - memory().used[device], capacity()};
}

}  // namespace scgan::stand_in
