"""Golden files of tests/core/features/inception_*_test.cc: Inception-v3 (2015) and its three inputs.

Written from the tables of the specification with torch's plain functions, NumPy and Pillow alone;
shares nothing with core/features. The weights come from an integer hash of tensor name and element, so
that both sides have them and only features are stored.

    python inception_oracle.py FOLDER            writes the golden files into FOLDER
    python inception_oracle.py --pth FILE        writes the weights as the published .pth has them
    python inception_oracle.py --alternatives    how far features move with each likely mistake

The files in tests/core/features/golden were made with torch 2.11.0 (CPU), NumPy 2.4.6, Pillow 13.0.0
and safetensors 0.8.0.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.numpy import save_file

SIDE = 299


# --- weights -------------------------------------------------------------------------------------

def uniforms(name, count):
    """`count` numbers of [0, 1): splitmix64 seeded with the FNV-1a hash of the name."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(
            0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def tensor(name, shape):
    u = uniforms(name, int(np.prod(shape)))
    if name.endswith("conv.weight"):  # He's scale
        values = (2 * u - 1) * np.sqrt(6.0 / np.prod(shape[1:]))
    elif name.endswith(("bn.weight", "bn.running_var")):
        values = 0.5 + u
    else:
        values = 0.4 * u - 0.2
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


# --- network -------------------------------------------------------------------------------------

class Network:
    """Calls are convolution blocks; `state` collects their tensors under the published names."""

    def __init__(self, pool_counts_padding=False, last_pool_is_max=True, eps=1e-3, swap_7=False):
        self.state = {}
        self.blocks = 0
        self.pool_counts_padding = pool_counts_padding
        self.last_pool_is_max = last_pool_is_max
        self.eps = eps
        self.swap_7 = swap_7

    def get(self, name, shape):
        if name not in self.state:
            self.state[name] = tensor(name, shape)
        return self.state[name]

    def bc(self, name, x, out, kernel, stride=1, padding=(0, 0)):
        self.blocks += 1
        weight = self.get(name + ".conv.weight", (out, x.shape[1], *kernel))
        x = F.conv2d(x, weight, stride=stride, padding=padding)
        scale, shift, mean, variance = (
            self.get(f"{name}.bn.{part}", (out,))[None, :, None, None]
            for part in ("weight", "bias", "running_mean", "running_var"))
        return F.relu((x - mean) / torch.sqrt(variance + self.eps) * scale + shift)

    def chain(self, prefix, x, *steps):
        """steps: (name, out, kernel text)"""
        kernels = {"1": ((1, 1), 1, (0, 0)), "3": ((3, 3), 1, (1, 1)), "5": ((5, 5), 1, (2, 2)),
                   "1x7": ((1, 7), 1, (0, 3)), "7x1": ((7, 1), 1, (3, 0)),
                   "1x3": ((1, 3), 1, (0, 1)), "3x1": ((3, 1), 1, (1, 0)),
                   "3/2": ((3, 3), 2, (0, 0))}
        for name, out, kernel in steps:
            if self.swap_7 and kernel in ("1x7", "7x1"):
                kernel = kernel[::-1]
            x = self.bc(f"{prefix}.{name}", x, out, *kernels[kernel])
        return x

    def average(self, x):
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=self.pool_counts_padding)

    def a(self, p, x, pool):
        return torch.cat([
            self.chain(p, x, ("branch1x1", 64, "1")),
            self.chain(p, x, ("branch5x5_1", 48, "1"), ("branch5x5_2", 64, "5")),
            self.chain(p, x, ("branch3x3dbl_1", 64, "1"), ("branch3x3dbl_2", 96, "3"),
                       ("branch3x3dbl_3", 96, "3")),
            self.chain(p, self.average(x), ("branch_pool", pool, "1"))], 1)

    def b(self, p, x):
        return torch.cat([
            self.chain(p, x, ("branch3x3", 384, "3/2")),
            self.chain(p, x, ("branch3x3dbl_1", 64, "1"), ("branch3x3dbl_2", 96, "3"),
                       ("branch3x3dbl_3", 96, "3/2")),
            F.max_pool2d(x, 3, 2)], 1)

    def c(self, p, x, c):
        return torch.cat([
            self.chain(p, x, ("branch1x1", 192, "1")),
            self.chain(p, x, ("branch7x7_1", c, "1"), ("branch7x7_2", c, "1x7"),
                       ("branch7x7_3", 192, "7x1")),
            self.chain(p, x, ("branch7x7dbl_1", c, "1"), ("branch7x7dbl_2", c, "7x1"),
                       ("branch7x7dbl_3", c, "1x7"), ("branch7x7dbl_4", c, "7x1"),
                       ("branch7x7dbl_5", 192, "1x7")),
            self.chain(p, self.average(x), ("branch_pool", 192, "1"))], 1)

    def d(self, p, x):
        return torch.cat([
            self.chain(p, x, ("branch3x3_1", 192, "1"), ("branch3x3_2", 320, "3/2")),
            self.chain(p, x, ("branch7x7x3_1", 192, "1"), ("branch7x7x3_2", 192, "1x7"),
                       ("branch7x7x3_3", 192, "7x1"), ("branch7x7x3_4", 192, "3/2")),
            F.max_pool2d(x, 3, 2)], 1)

    def e(self, p, x, pooled):
        one = self.chain(p, x, ("branch1x1", 320, "1"))
        two = self.chain(p, x, ("branch3x3_1", 384, "1"))
        three = self.chain(p, x, ("branch3x3dbl_1", 448, "1"), ("branch3x3dbl_2", 384, "3"))
        return torch.cat([
            one,
            self.chain(p, two, ("branch3x3_2a", 384, "1x3")),
            self.chain(p, two, ("branch3x3_2b", 384, "3x1")),
            self.chain(p, three, ("branch3x3dbl_3a", 384, "1x3")),
            self.chain(p, three, ("branch3x3dbl_3b", 384, "3x1")),
            self.chain(p, pooled, ("branch_pool", 192, "1"))], 1)

    def features(self, x):
        """x float [N, 3, 299, 299] -> [N, 2048]"""
        self.blocks = 0
        x = self.bc("Conv2d_1a_3x3", x, 32, (3, 3), 2)
        x = self.bc("Conv2d_2a_3x3", x, 32, (3, 3))
        x = self.bc("Conv2d_2b_3x3", x, 64, (3, 3), padding=(1, 1))
        x = F.max_pool2d(x, 3, 2)
        x = self.bc("Conv2d_3b_1x1", x, 80, (1, 1))
        x = self.bc("Conv2d_4a_3x3", x, 192, (3, 3))
        x = F.max_pool2d(x, 3, 2)
        assert x.shape[1:] == (192, 35, 35)
        for name, pool in (("5b", 32), ("5c", 64), ("5d", 64)):
            x = self.a("Mixed_" + name, x, pool)
        x = self.b("Mixed_6a", x)
        for name, c in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            x = self.c("Mixed_" + name, x, c)
        assert x.shape[1:] == (768, 17, 17)
        x = self.d("Mixed_7a", x)
        x = self.e("Mixed_7b", x, self.average(x))
        last = F.max_pool2d(x, 3, 1, 1) if self.last_pool_is_max else self.average(x)
        x = self.e("Mixed_7c", x, last)
        return x.mean((2, 3))


# --- inputs --------------------------------------------------------------------------------------

def images(count, height, width):
    """uint8 [count, 3, height, width]: a pattern with slopes and edges, of integers alone."""
    n, c, y, x = np.ogrid[:count, :3, :height, :width]
    return ((x * 5 + y * 3 + c * 70 + n * 90 + (x * y // 7) % 17 * 9) % 256).astype(np.uint8)


def bilinear(image, source):
    """Both axes of float64 [N, 3, H, W] to 299: weight per axis from `source`(index, size)."""
    for axis in (2, 3):
        size = image.shape[axis]
        at = np.clip(source(np.arange(SIDE), size), 0, size - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, size - 1)
        weight = (at - low).reshape([-1 if a == axis else 1 for a in range(4)])
        image = np.take(image, low, axis) * (1 - weight) + np.take(image, high, axis) * weight
    return image


def legacy_pytorch(batch):
    """By the call that pytorch-fid makes: in float, it rounds source positions of large images."""
    half_pixel = lambda i, size: (i + 0.5) * size / SIDE - 0.5
    expected = 2 * bilinear(batch / 255.0, half_pixel) - 1
    called = 2 * F.interpolate(torch.from_numpy(batch).float() / 255, size=(SIDE, SIDE),
                               mode="bilinear", align_corners=False) - 1
    assert np.abs(called.numpy() - expected).max() < 2e-4
    return called.numpy()


def legacy_tensorflow(batch):
    return (bilinear(batch.astype(np.float64), lambda i, size: i * size / SIDE) - 128) / 128


def clean(batch):
    resize = lambda plane: np.asarray(
        Image.fromarray(plane.astype(np.float32)).resize((SIDE, SIDE), Image.BICUBIC))
    resized = np.stack([[resize(plane) for plane in image] for image in batch])
    return (resized.clip(0, 255).astype(np.float64) - 128) / 128


VARIANTS = {"legacy_pytorch": legacy_pytorch, "legacy_tensorflow": legacy_tensorflow,
            "clean": clean}
SIZES = ((64, 48), (299, 299), (340, 620))  # enlarged, kept, shrunk
SAMPLED = [*range(0, SIDE, 23), SIDE - 1]   # of rows and of columns


def write_golden(folder):
    inputs = {}
    for height, width in SIZES:
        for name, variant in VARIANTS.items():
            whole = variant(images(1, height, width))[0].astype(np.float32)
            inputs[f"{name}.{height}x{width}"] = np.ascontiguousarray(
                whole[:, SAMPLED][:, :, SAMPLED])
    save_file(inputs, folder / "inception_inputs.safetensors")
    network = Network()
    features = {}
    for name, variant in VARIANTS.items():
        batch = torch.from_numpy(variant(images(2, 64, 48)).astype(np.float32))
        features[name] = network.features(batch).numpy()
    save_file(features, folder / "inception_features.safetensors")
    count = sum(value.numel() for key, value in network.state.items() if ".running_" not in key)
    print(f"{network.blocks} convolution blocks, {count} parameters")


def write_pth(file):
    network = Network()
    network.features(torch.zeros(1, 3, SIDE, SIDE))
    state = dict(network.state)
    for name in list(state):
        if name.endswith("bn.running_var"):
            state[name.replace("running_var", "num_batches_tracked")] = torch.tensor(0)
    state["fc.weight"], state["fc.bias"] = torch.zeros(1008, 2048), torch.zeros(1008)
    torch.save(state, file)


def print_alternatives():
    batch = torch.from_numpy(legacy_pytorch(images(2, 64, 48)).astype(np.float32))
    right = Network().features(batch)
    print(f"features {right.min():.4g} to {right.max():.4g}, median {right.median():.4g}, "
          f"between the images {(right[0] - right[1]).abs().median():.4g}")
    for mistake in ({"pool_counts_padding": True}, {"last_pool_is_max": False}, {"eps": 1e-5},
                    {"swap_7": True}):
        try:
            other = Network(**mistake).features(batch)
            print(mistake, f"{((other - right).abs() / right.abs().mean()).max():.3g}")
        except RuntimeError as error:
            print(mistake, error)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pth", type=Path)
    parser.add_argument("--alternatives", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with torch.no_grad():
        if arguments.folder:
            write_golden(arguments.folder)
        if arguments.pth:
            write_pth(arguments.pth)
        if arguments.alternatives:
            print_alternatives()
