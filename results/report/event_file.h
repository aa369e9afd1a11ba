// TensorBoard's event files: TFRecords of Event messages
// (https://www.tensorflow.org/tutorials/load_data/tfrecord, tensorboard/compat/proto/event.proto).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scgan::results {

// CRC-32C (Castagnoli).
uint32_t crc32c(std::string_view bytes);

// The content of one file. Times are seconds since 1970-01-01 UTC; 0: unknown.
class EventFile {
 public:
  // `start`: when the run began.
  explicit EventFile(double start = 0);

  using Scalar = std::pair<std::string, double>;  // tag, value, which is stored as float
  void add(int64_t step, const std::vector<Scalar>& scalars, double time = 0);

  const std::string& bytes() const { return bytes_; }

 private:
  void add_record(const std::string& event);

  std::string bytes_;
};

}  // namespace scgan::results
