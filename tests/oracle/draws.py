"""Random numbers by counter, as core/base/counter_rng.h defines them: Philox4x32-10 with key (seed, purpose) and
counter (step, sample, lane, 0). This convention is the project's own; everything else here is published."""

WORD = 0xFFFFFFFF

POOL_A, POOL_B = 9, 10  # of fakes of domain A (shown to netD_B) and of B (shown to netD_A)
PART_A, PART_B = 11, 12  # the quadrant that decoder_part of netD_A and of netD_B reconstructs
AUGMENT = 13  # + site, by the domain of the images
SITE_G_STEP = {"A": 0, "B": 1}  # fakes in the generators' step
SITE_REAL, SITE_FAKE = {"A": 2, "B": 4}, {"A": 3, "B": 5}  # in the discriminators' step


def philox(key, counter):
    """The four 32-bit words of Philox4x32-10 (Salmon et al., SC 2011)."""
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & WORD, (p0 >> 32) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


class Draws:
    def __init__(self, seed, purpose):
        self.key = (seed, purpose)

    def uniform(self, step, sample, lane=0):
        """In [0, 1), from the first word."""
        return philox(self.key, (step, sample, lane, 0))[0] / 2**32

    def index(self, count, step, sample, lane=0):
        """In {0, ..., count - 1}, from the second word."""
        return philox(self.key, (step, sample, lane, 0))[1] * count >> 32
