#include "core/train/lr_schedule.h"

#include <algorithm>

namespace scgan {

double learning_rate_factor(const TrainSpec& spec, int64_t epoch) {
  const auto past = static_cast<double>(std::max<int64_t>(0, epoch - spec.epochs));
  return 1.0 - past / static_cast<double>(spec.decay_epochs + 1);
}

}  // namespace scgan
