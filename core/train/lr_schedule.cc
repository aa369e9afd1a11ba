#include "core/train/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace scgan {
namespace {

// The published linear decay towards 0 over `decay` epochs, `past` epochs after its start.
double linear(int64_t past, int64_t decay) {
  return 1.0 - static_cast<double>(past) / static_cast<double>(decay + 1);
}

}  // namespace

int64_t total_steps(const TrainSpec& spec, int64_t steps_per_epoch) {
  return spec.steps > 0 ? spec.steps : (spec.epochs + spec.decay_epochs) * steps_per_epoch;
}

int64_t schedule_epoch(const TrainSpec& spec, int64_t steps_done, int64_t steps_per_epoch) {
  if (spec.steps == 0) return steps_done / steps_per_epoch + 1;
  return steps_done * (spec.epochs + spec.decay_epochs) / spec.steps + 1;
}

double learning_rate_factor(const TrainSpec& spec, int64_t epoch) {
  const int64_t total = spec.epochs + spec.decay_epochs;
  const int64_t period = spec.schedule_period;
  const int64_t periods_past = (epoch - 1) / period;
  switch (spec.schedule) {
    case LrSchedule::kLinear:
      return linear(std::max<int64_t>(0, epoch - spec.epochs), spec.decay_epochs);
    case LrSchedule::kStaircase: {
      const int64_t stairs = (total + period - 1) / period;
      return 1.0 - static_cast<double>(periods_past) / static_cast<double>(stairs);
    }
    case LrSchedule::kStep:
      return std::pow(0.1, static_cast<double>(periods_past));
    case LrSchedule::kLinearAll:
      return linear(epoch, total);
    case LrSchedule::kLinearRestart:
      return linear((epoch - 1) % period + 1, period);
  }
  throw std::logic_error("unknown LrSchedule");
}

}  // namespace scgan
