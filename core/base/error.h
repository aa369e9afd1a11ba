// The one exception type of the project. The kind says who must act; main() maps it to an exit
// code.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

namespace scgan {

enum class ErrorKind {
  kInvalidSpec,    // flags or sweep file: the user corrects them (exit 2)
  kData,           // an input file is missing, damaged or not what the spec says
  kOutOfMemory,    // of a GPU or the host: the run's own fault
  kNonFinite,      // a loss is NaN or infinite: the run's own fault
  kCommunication,  // a rank is lost or a collective timed out (exit 3)
  kDevice,         // a GPU is missing or lost (exit 3)
  kStorage,        // an output cannot be written or read back (exit 3)
};

// Lower-case word for messages and the store: "invalid_spec", "data", "non_finite", ...
const char* to_string(ErrorKind kind);

class Error : public std::runtime_error {
 public:
  // `message` is a full sentence for the user: it names the file, line or key and what would be
  // right.
  Error(ErrorKind kind, const std::string& message,
        std::source_location where = std::source_location::current());

  ErrorKind kind() const noexcept { return kind_; }
  const std::source_location& where() const noexcept { return where_; }

 private:
  ErrorKind kind_;
  std::source_location where_;
};

}  // namespace scgan
