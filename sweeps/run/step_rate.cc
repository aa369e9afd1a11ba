#include "sweeps/run/step_rate.h"

#include <algorithm>

namespace scgan::sweeps {
namespace {

double seconds(StepRate::Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

void StepRate::restart(int64_t step, Clock::time_point now) {
  first_step_ = step_ = step;
  start_ = reached_ = now;
  steps_per_second_ = 0;
}

void StepRate::reached(int64_t step, Clock::time_point now) {
  step_ = step;
  reached_ = now;
  if (step <= first_step_ || now <= start_) return;
  steps_per_second_ = static_cast<double>(step - first_step_) / seconds(now - start_);
  was_known_ = true;
}

double StepRate::seconds_left(int64_t total_steps, Clock::time_point now) const {
  const double left = static_cast<double>(total_steps - step_) / steps_per_second_;
  return std::max(0.0, left - seconds(now - reached_));
}

}  // namespace scgan::sweeps
