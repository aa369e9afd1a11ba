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

// The content of one file. It has no times, so equal values make equal bytes: TensorBoard shows
// them over the step, not over time.
class EventFile {
 public:
  EventFile();

  using Scalar = std::pair<std::string, double>;  // tag, value, which is stored as float
  void add(int64_t step, const std::vector<Scalar>& scalars);

  const std::string& bytes() const { return bytes_; }

 private:
  void add_record(const std::string& event);

  std::string bytes_;
};

}  // namespace scgan::results
