// Which collective operation this rank waits in, for those who find out that a rank is stuck; and
// how long anybody waits.
#pragma once

namespace scgan::distributed {

// The longest a rank waits in one operation: SCGAN_TIMEOUT_SECONDS (a positive number), else half
// an hour. Tests set it low.
double timeout_seconds();

// While it lives, this rank waits in `operation` (a literal). One thread at a time does.
class Waiting {
 public:
  explicit Waiting(const char* operation);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  // The operation, or nullptr. From any thread.
  static const char* now();
};

}  // namespace scgan::distributed
