"""The losses of sections 1.3 and 2.5, and the alternatives of 2.6."""


def lsgan_real(logits):
    return (logits - 1).square().mean()


def lsgan_fake(logits):
    return logits.square().mean()


def l1(image, target):
    return (image - target).abs().mean()


def distances(picture, target, kind):
    """One distance per sample."""
    difference = (picture - target).flatten(1)
    if kind == "mse":
        return difference.square().mean(1)
    if kind == "l1":
        return difference.abs().mean(1)
    assert kind == "l2norm"
    return difference.square().sum(1).sqrt()


def self_supervised(pairs, kind, reduction):
    """Summed over the decoders, each with weight 1."""
    over_batch = {"mean": lambda d: d.mean(), "sum": lambda d: d.sum()}[reduction]
    return sum(over_batch(distances(picture, target, kind)) for picture, target in pairs.values())
