"""The cases with golden files. All other settings are the published ones."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Case:
    name: str
    discriminator: str = "patch"  # or "fastgan"
    image_size: int = 64
    generator_width: int = 4
    generator_blocks: int = 2
    discriminator_width: int = 4
    batch_size: int = 4
    seed: int = 7
    diffaug: tuple = ()
    lambda_a: float = 10
    lambda_b: float = 10
    lambda_identity: float = 0.5
    identity_mode: str = "relative"
    lambda_ssl: float = 1
    ssl_distance: str = "mse"
    ssl_reduction: str = "mean"
    d_adv_scale: float = 0.5
    pool_size: int = 2  # less than a batch, so that the pool swaps from the first iteration on
    order: str = "g_first"  # or "d_first"
    ema_decay: float = 0
    learning_rate: float = 2e-4
    record_after: tuple = (1, 3)  # iterations whose state is recorded; the last ends the case
    samples: int = 8  # elements recorded of each tensor, beside its checksums


CYCLEGAN = Case("cyclegan")
SCGAN = Case("scgan", discriminator="fastgan", d_adv_scale=1)
FULL_POLICY = ("color", "translation", "cutout")


def short(base, name, **changes):
    """A case with checksums only."""
    return replace(base, name=name, record_after=(2,), samples=0, **changes)


CASES = [
    CYCLEGAN,
    replace(CYCLEGAN, name="cyclegan_diffaug", diffaug=FULL_POLICY),
    SCGAN,
    replace(SCGAN, name="scgan_128", image_size=128, record_after=(1,)),
    short(CYCLEGAN, "no_identity", lambda_identity=0),
    short(CYCLEGAN, "absolute_identity", identity_mode="absolute"),
    short(CYCLEGAN, "no_pool", pool_size=0),
    short(CYCLEGAN, "ema", ema_decay=0.9),
    short(SCGAN, "other_weights", lambda_a=8, lambda_b=6, lambda_identity=0.3, lambda_ssl=2, d_adv_scale=0.7),
    short(SCGAN, "d_first", order="d_first", diffaug=FULL_POLICY),
    short(SCGAN, "ssl_l1", ssl_distance="l1"),
    short(SCGAN, "ssl_l2norm", ssl_distance="l2norm"),
    short(SCGAN, "ssl_sum", ssl_reduction="sum"),
]
