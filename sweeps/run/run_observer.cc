#include "sweeps/run/run_observer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "sweeps/run/run_files.h"
#include "sweeps/run/sample_grid.h"

namespace scgan::sweeps {
namespace {

constexpr int64_t kCurvePoints = 200;
constexpr double kReportSeconds = 0.25;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

RunObserver::RunObserver(Setup setup, RunControl& orders, const distributed::Mailbox& mailbox,
                         Heartbeat& heartbeat)
    : setup_(std::move(setup)),
      control_(orders),
      mailbox_(mailbox),
      heartbeat_(heartbeat),
      curve_interval_(std::max<int64_t>(1, setup_.total_steps / kCurvePoints)),
      last_report_(Clock::now()),
      last_checkpoint_(last_report_),
      last_samples_(last_report_) {
  if (!setup_.leader) return;
  log_ = std::make_unique<RunLog>(setup_.folder, setup_.first_step);
  // An attempt that was killed may not have sent all of them.
  points_ = logged_losses(setup_.folder, [this](int64_t step) { return is_on_curve(step); });
}

bool RunObserver::is_on_curve(int64_t step) const {
  return step % curve_interval_ == 0 || step == setup_.total_steps;
}

void RunObserver::step_done(const StepReport& report) {
  // On a CPU, a step of large images may take longer than any deadline.
  heartbeat_.set_activity(
      fmt::format("run {}, step {} done", setup_.folder.filename().string(), report.step),
      setup_.device.is_cuda() ? Heartbeat::Deadline::kTimeout : Heartbeat::Deadline::kNone);
  if (!setup_.leader) return;
  log_->add(report);
  const StepLosses& losses = report.losses;
  g_loss_ = losses[Loss::kGAdvA] + losses[Loss::kGAdvB] + losses[Loss::kCycleA] +
            losses[Loss::kCycleB] + losses[Loss::kIdentityA] + losses[Loss::kIdentityB];
  d_loss_ = losses[Loss::kDA] + losses[Loss::kDB] + losses[Loss::kSslA] + losses[Loss::kSslB];
  if (is_on_curve(report.step)) {
    for (const auto& [loss, name] : kLosses) points_.push_back({report.step, name, losses[loss]});
  }
  if (seconds_since(last_report_) >= kReportSeconds) report_progress(report.step);
}

void RunObserver::report_progress(int64_t step) {
  last_report_ = Clock::now();
  mailbox_.send(0, distributed::MailTag::kReport,
                to_text(report::Progress{step, g_loss_, d_loss_, std::exchange(points_, {}),
                                         std::exchange(scores_, {})}));
}

BoundaryRequests RunObserver::at_boundary() {
  return {.stop = control_.stop_asked(),
          .checkpoint = checkpoint_due(),
          .samples = samples_due(),
          .regroup = setup_.leader && control_.regroup_requested()};
}

bool RunObserver::checkpoint_due() {
  if (!setup_.leader || seconds_since(last_checkpoint_) < setup_.spec.run.checkpoint_minutes * 60) {
    return false;
  }
  last_checkpoint_ = Clock::now();
  return true;
}

bool RunObserver::samples_due() const {
  return setup_.leader && setup_.spec.run.sample_images > 0 &&
         seconds_since(last_samples_) >= setup_.spec.run.sample_minutes * 60;
}

void RunObserver::write_samples(const TrainState& state) {
  if (!setup_.leader) return;
  last_samples_ = Clock::now();
  const auto folder = setup_.folder / "samples";
  make_run_folder(folder);
  write_sample_grid(folder / fmt::format("step-{:08}.png", state.step), state, setup_.data,
                    setup_.spec.run.sample_images);
}

double RunObserver::score(const TrainState& state, Communicator& communicator) {
  heartbeat_.set_activity(
      fmt::format("run {}, scoring at step {}", setup_.folder.filename().string(), state.step));
  std::vector<Score> scores;
  for (const Direction direction : setup_.spec.evaluate.directions) {
    Generator& generator = direction == Direction::kAtoB ? *state.netG_A : *state.netG_B;
    scores.push_back(setup_.evaluator.score(generator, direction, communicator));
    if (!setup_.leader) continue;
    std::ranges::move(training_metrics(scores.back(), setup_.spec, setup_.extractor, state.step),
                      std::back_inserter(scores_));
  }
  if (setup_.leader) report_progress(state.step);
  // Equal outputs may have a low FID, but are never the best.
  const Score& first = scores.front();
  const bool is_collapsed = first.spread && *first.spread < results::kCollapsedSpread;
  return is_collapsed ? std::numeric_limits<double>::infinity() : first.fid;
}

void RunObserver::finish(int64_t step) {
  if (!setup_.leader) return;
  log_->flush();
  report_progress(step);
}

}  // namespace scgan::sweeps
