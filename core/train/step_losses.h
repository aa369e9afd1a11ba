// The loss terms of a training step and their names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace scgan {

enum class Loss : uint8_t {
  // Adversarial loss of netG_A against netD_A, of netG_B against netD_B.
  kGAdvA,
  kGAdvB,
  // A -> B -> A and B -> A -> B.
  kCycleA,
  kCycleB,
  // |G_B(a) - a| and |G_A(b) - b|.
  kIdentityA,
  kIdentityB,
  // Adversarial loss of netD_A and netD_B, scaled by loss.d_adv_scale.
  kDA,
  kDB,
  // Self-supervised loss of netD_A and netD_B; 0 without decoders.
  kSslA,
  kSslB,
};

struct NamedLoss {
  Loss loss;
  const char* name;
};

// All terms, in the order of the log and of the stored curve, under their names there.
inline constexpr std::array<NamedLoss, 10> kLosses{{{Loss::kGAdvA, "g_adv_a"},
                                                    {Loss::kGAdvB, "g_adv_b"},
                                                    {Loss::kCycleA, "cycle_a"},
                                                    {Loss::kCycleB, "cycle_b"},
                                                    {Loss::kIdentityA, "identity_a"},
                                                    {Loss::kIdentityB, "identity_b"},
                                                    {Loss::kDA, "d_a"},
                                                    {Loss::kDB, "d_b"},
                                                    {Loss::kSslA, "ssl_a"},
                                                    {Loss::kSslB, "ssl_b"}}};

// The values of all terms: weighted as in the objective, over the whole batch.
class StepLosses {
 public:
  double& operator[](Loss loss) { return values_.at(static_cast<size_t>(loss)); }
  double operator[](Loss loss) const { return values_.at(static_cast<size_t>(loss)); }
  bool operator==(const StepLosses&) const = default;

 private:
  std::array<double, kLosses.size()> values_{};
};

}  // namespace scgan
