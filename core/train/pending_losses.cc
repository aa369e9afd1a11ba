#include "core/train/pending_losses.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <vector>

#include "core/comm/canonical_sum.h"
#include "core/train/placement.h"

namespace scgan {
namespace {

struct DiscriminatorLoss {
  Loss loss;
  Placement placement;
};

// The terms of a rank after those of its micro-batches, with the ranks that know them.
constexpr std::array<DiscriminatorLoss, 6> kDiscriminatorLosses{{{Loss::kGAdvA, kPlacementOfDA},
                                                                 {Loss::kDA, kPlacementOfDA},
                                                                 {Loss::kSslA, kPlacementOfDA},
                                                                 {Loss::kGAdvB, kPlacementOfDB},
                                                                 {Loss::kDB, kPlacementOfDB},
                                                                 {Loss::kSslB, kPlacementOfDB}}};

constexpr auto kPerMicroBatch = static_cast<int64_t>(kMicroBatchLosses.size());

}  // namespace

PendingLosses::PendingLosses(const LossTerms& mine, Communicator& communicator)
    : communicator_(&communicator), micro_batches_(mine.micro_batches.size(0)) {
  const at::Tensor zero = at::zeros({1}, mine.micro_batches.options());
  std::vector<at::Tensor> terms{mine.micro_batches.flatten()};
  for (const auto& [loss, placement] : kDiscriminatorLosses) {
    const auto found = mine.of_discriminators.find(loss);
    terms.push_back(found == mine.of_discriminators.end() ? zero : found->second.view(1));
  }
  const at::Tensor all = all_gather_rows(communicator, at::cat(terms).unsqueeze(0));
  if (all.is_cpu()) {
    rows_ = all;
    return;
  }
  rows_ = at::empty(all.sizes(), all.options().device(at::kCPU).pinned_memory(true));
  rows_.copy_(all, /*non_blocking=*/true);
  copied_.emplace(all.device().type());
  copied_->record(c10::impl::VirtualGuardImpl(all.device().type()).getStream(all.device()));
}

StepLosses PendingLosses::get() const {
  if (copied_) copied_->synchronize();
  communicator_->confirm();
  const at::Tensor rows = rows_.to(at::kDouble);
  const int64_t ranks = rows.size(0);
  TreeSum sum;
  const at::Tensor micros = rows.narrow(1, 0, micro_batches_ * kPerMicroBatch);
  for (const at::Tensor& micro : micros.reshape({-1, kPerMicroBatch}).unbind()) {
    sum.push(micro.clone());
  }
  const at::Tensor of_batch = sum.result();
  StepLosses losses;
  for (size_t i = 0; i < kMicroBatchLosses.size(); ++i) {
    losses[kMicroBatchLosses[i]] = of_batch[static_cast<int64_t>(i)].item<double>();
  }
  int64_t column = micros.size(1);
  for (const auto& [loss, placement] : kDiscriminatorLosses) {
    losses[loss] = rows[first_holder(placement, static_cast<int>(ranks))][column++].item<double>();
  }
  return losses;
}

}  // namespace scgan
