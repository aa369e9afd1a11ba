// StepRate: how fast a group trains, from the steps that it reports.
#pragma once

#include <chrono>
#include <cstdint>

namespace scgan::sweeps {

class StepRate {
 public:
  using Clock = std::chrono::steady_clock;

  // Measures from `step` on: the group starts, or its ranks have changed. The rate is unknown until
  // it has done a step.
  void restart(int64_t step, Clock::time_point now);
  void reached(int64_t step, Clock::time_point now);

  // Since the last restart; 0: not known yet.
  double steps_per_second() const { return steps_per_second_; }
  // Whether it was known at any time, also before the last restart.
  bool was_known() const { return was_known_; }
  // From `now` until `total_steps` are done. The rate must be known. Steps may take minutes, so the
  // time since the last report counts.
  double seconds_left(int64_t total_steps, Clock::time_point now) const;

 private:
  int64_t first_step_ = 0, step_ = 0;
  Clock::time_point start_, reached_;
  double steps_per_second_ = 0;
  bool was_known_ = false;
};

}  // namespace scgan::sweeps
