"""One training iteration (section 1.4) of CycleGAN or SCGAN, in float64."""

import torch

import draws
from diff_augment import diff_augment
from formulas import given_weight
from image_pool import ImagePool
from losses import l1, lsgan_fake, lsgan_real, self_supervised
from networks import FastGanDiscriminator, PatchDiscriminator, ResnetGenerator

LOSSES = ["g_adv_a", "g_adv_b", "cycle_a", "cycle_b", "identity_a", "identity_b", "d_a", "d_b", "ssl_a", "ssl_b"]


def make_networks(case):
    """netG_A translates A to B, netD_A sees images of B; netG_B and netD_B the other way round."""
    generator = lambda: ResnetGenerator(case.generator_width, case.generator_blocks)
    if case.discriminator == "patch":
        discriminator = lambda: PatchDiscriminator(case.discriminator_width)
    else:
        discriminator = lambda: FastGanDiscriminator(case.image_size, case.discriminator_width)
    return {"netG_A": generator(), "netG_B": generator(), "netD_A": discriminator(), "netD_B": discriminator()}


def load_given_weights(networks):
    for network_name, network in networks.items():
        for name, tensor in network.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                tensor.copy_(given_weight(f"{network_name}.{name}", tensor.shape))


class Training:
    def __init__(self, case):
        self.case, self.step = case, 0
        self.networks = make_networks(case)
        load_given_weights(self.networks)
        self.netG_A, self.netG_B, self.netD_A, self.netD_B = self.networks.values()
        self.pools = {  # by the domain of the fakes
            "A": ImagePool(case.pool_size, case.seed, draws.POOL_A),
            "B": ImagePool(case.pool_size, case.seed, draws.POOL_B),
        }
        adam = lambda *networks: torch.optim.Adam(
            [p for n in networks for p in n.parameters()], lr=case.learning_rate, betas=(0.5, 0.999), eps=1e-8
        )
        self.generator_adam = adam(self.netG_A, self.netG_B)
        self.discriminator_adam = adam(self.netD_A, self.netD_B)
        self.ema = {}
        if case.ema_decay > 0:
            self.ema = {n: p.detach().clone() for n, p in self.generator_parameters()}

    def generator_parameters(self):
        return [(f"{n}.{k}", p) for n in ("netG_A", "netG_B") for k, p in self.networks[n].named_parameters()]

    def run(self, a, b):
        """Losses by name: weighted, as they enter the sums."""
        fakes = {"B": self.netG_A(a), "A": self.netG_B(b)}
        detached = {domain: fake.detach() for domain, fake in fakes.items()}
        if self.case.order == "g_first":
            losses = self.update_generators(a, b, fakes) | self.update_discriminators(a, b, detached)
        else:
            losses = self.update_discriminators(a, b, detached) | self.update_generators(a, b, fakes)
        self.step += 1
        return {name: losses[name].item() for name in LOSSES}

    def augment(self, images, site):
        return diff_augment(images, self.case.diffaug, self.case.seed, site, self.step)

    def update_generators(self, a, b, fakes):
        case = self.case
        for network in (self.netD_A, self.netD_B):
            network.requires_grad_(False)
        relative = case.identity_mode == "relative"
        identity_a, identity_b = (case.lambda_identity * (w if relative else 1) for w in (case.lambda_a, case.lambda_b))
        losses = {
            "g_adv_a": lsgan_real(self.netD_A(self.augment(fakes["B"], draws.SITE_G_STEP["B"]))),
            "g_adv_b": lsgan_real(self.netD_B(self.augment(fakes["A"], draws.SITE_G_STEP["A"]))),
            "cycle_a": case.lambda_a * l1(self.netG_B(fakes["B"]), a),
            "cycle_b": case.lambda_b * l1(self.netG_A(fakes["A"]), b),
            "identity_a": identity_a * l1(self.netG_B(a), a),
            "identity_b": identity_b * l1(self.netG_A(b), b),
        }
        self.generator_adam.zero_grad()
        sum(losses.values()).backward()
        self.generator_adam.step()
        with torch.no_grad():
            for name, parameter in self.generator_parameters() if self.ema else ():
                self.ema[name] = case.ema_decay * self.ema[name] + (1 - case.ema_decay) * parameter
        return losses

    def update_discriminators(self, a, b, fakes):
        for network in (self.netD_A, self.netD_B):
            network.requires_grad_(True)
        self.discriminator_adam.zero_grad()
        losses = {
            **self.discriminator_losses("a", self.netD_A, draws.PART_A, b, fakes["B"], "B"),
            **self.discriminator_losses("b", self.netD_B, draws.PART_B, a, fakes["A"], "A"),
        }
        sum(losses.values()).backward()
        self.discriminator_adam.step()
        return losses

    def discriminator_losses(self, letter, network, part_purpose, real, fake, domain):
        """The loss terms of one discriminator: `letter` names it, `domain` is that of the images."""
        case, ssl = self.case, torch.zeros(())
        real = self.augment(real, draws.SITE_REAL[domain])
        if case.discriminator == "fastgan":
            part = draws.Draws(case.seed, part_purpose).index(4, self.step, 0)
            logits, pairs = network.discriminate_real(real, part)
            ssl = case.lambda_ssl * self_supervised(pairs, case.ssl_distance, case.ssl_reduction)
        else:
            logits = network(real)
        shown = self.pools[domain].query(fake, self.step)
        on_fake = network(self.augment(shown, draws.SITE_FAKE[domain]))
        adversarial = case.d_adv_scale * (lsgan_real(logits) + lsgan_fake(on_fake))
        return {f"d_{letter}": adversarial, f"ssl_{letter}": ssl}

    def state(self):
        """All tensors, named as in a checkpoint."""
        tensors = {f"{n}.{k}": t for n, network in self.networks.items() for k, t in network.state_dict().items()}
        for optimizer, names in ((self.generator_adam, "netG"), (self.discriminator_adam, "netD")):
            for n, network in self.networks.items():
                for k, p in network.named_parameters() if n.startswith(names) else ():
                    tensors[f"adam.first.{n}.{k}"] = optimizer.state[p]["exp_avg"]
                    tensors[f"adam.second.{n}.{k}"] = optimizer.state[p]["exp_avg_sq"]
        tensors |= {f"ema.{name}": t for name, t in self.ema.items()}
        if self.case.pool_size > 0:
            tensors |= {f"pool_{domain}": torch.stack(pool.images) for domain, pool in self.pools.items()}
        return tensors
