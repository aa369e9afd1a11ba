"""The given weights and images and the signs of the checksums. The C++ tests compute the same bits from integers, so
that no large file is needed."""

import torch

WORD = 0xFFFFFFFF


def mix(x):
    """The finaliser of MurmurHash3 (32 bits) on an int64 tensor of values below 2^32."""
    x = x ^ (x >> 16)
    x = (x * 0x85EBCA6B) & WORD
    x = x ^ (x >> 13)
    x = (x * 0xC2B2AE35) & WORD
    return x ^ (x >> 16)


def hashes(start, count):
    """mix(start), mix(start + 1), ... modulo 2^32."""
    return mix((torch.arange(count) + start) & WORD)


def fnv1a(text):
    """The 32-bit FNV-1a hash of a name."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & WORD
    return value


def given_weight(name, shape):
    """Uniform in [-1/4, 1/4), plus 1 for scales and variances of batch norm, rounded to float32."""
    shape = torch.Size(shape)
    values = ((hashes(fnv1a(name), shape.numel()) >> 8) - 2**23).double() * 2.0**-25
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith(".weight")):
        values = values + 1
    return values.float().double().reshape(shape)


def given_images(domain, step, shape):
    """Noise of 256 levels, (level - 128) / 128: exact in float32. `domain` is 0 for A, 1 for B."""
    shape = torch.Size(shape)
    levels = hashes(1000003 * (2 * step + domain), shape.numel()) >> 24
    return ((levels - 128).double() / 128).reshape(shape)


def signs(count):
    """+1 or -1 per element, for checksums."""
    return 1.0 - 2.0 * (hashes(0, count) >> 31).double()
