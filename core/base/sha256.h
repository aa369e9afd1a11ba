// SHA-256 as lower-case hex, over OpenSSL.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace scgan {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(const void* bytes, size_t count);
  void update(std::string_view text) { update(text.data(), text.size()); }

  // 64 hex digits. Ends this object's use.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);

// Digest of a file's content. Throws Error(kStorage) when it cannot be read.
std::string sha256_of_file(const std::filesystem::path& file);

}  // namespace scgan
