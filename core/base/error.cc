#include "core/base/error.h"

namespace scgan {

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidSpec:
      return "invalid_spec";
    case ErrorKind::kData:
      return "data";
    case ErrorKind::kOutOfMemory:
      return "out_of_memory";
    case ErrorKind::kNonFinite:
      return "non_finite";
    case ErrorKind::kCommunication:
      return "communication";
    case ErrorKind::kDevice:
      return "device";
    case ErrorKind::kStorage:
      return "storage";
  }
  return "unknown";
}

Error::Error(ErrorKind kind, const std::string& message, std::source_location where)
    : std::runtime_error(message), kind_(kind), where_(where) {}

}  // namespace scgan
