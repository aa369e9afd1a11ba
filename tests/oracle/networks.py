"""The networks of models-and-metrics.md, sections 1 and 2, from PyTorch's modules, with the tensor names of the
published state dicts."""

from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import spectral_norm

LEAKY = nn.LeakyReLU(0.2)


# --- CycleGAN (sections 1.1 and 1.2) ---


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        conv = lambda: [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        self.conv_block = nn.Sequential(*conv(), nn.ReLU(), *conv())

    def forward(self, x):
        return x + self.conv_block(x)


class ResnetGenerator(nn.Module):
    def __init__(self, width=64, blocks=9):
        super().__init__()
        normed = lambda conv: [conv, nn.InstanceNorm2d(conv.out_channels), nn.ReLU()]
        layers = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(3, width, 7))]
        layers += normed(nn.Conv2d(width, 2 * width, 3, 2, 1))
        layers += normed(nn.Conv2d(2 * width, 4 * width, 3, 2, 1))
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        layers += normed(nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, output_padding=1))
        layers += normed(nn.ConvTranspose2d(2 * width, width, 3, 2, 1, output_padding=1))
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())

    def forward(self, images):
        return self.model(images)


class PatchDiscriminator(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        layers = [nn.Conv2d(3, width, 4, 2, 1), LEAKY]
        for channels, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
            conv = nn.Conv2d(channels, 2 * channels, 4, stride, 1)
            layers += [conv, nn.InstanceNorm2d(2 * channels), LEAKY]
        self.model = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))

    def forward(self, images):
        return self.model(images)


def without_gradient(network):
    """Names of the biases that an instance norm takes away again: their gradient is rounding noise."""
    names = []
    for path, sequence in network.named_modules():
        if isinstance(sequence, nn.Sequential):
            layers = list(sequence.named_children())
            names += [
                f"{path}.{name}.bias"
                for (name, _), (_, follower) in zip(layers, layers[1:])
                if isinstance(follower, nn.InstanceNorm2d)
            ]
    return names


# --- FastGAN's discriminator (sections 2.1 to 2.4 and 2.7) ---


def conv(*args):
    return spectral_norm(nn.Conv2d(*args, bias=False), n_power_iterations=1, eps=1e-12)


class DownBlock(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.main = nn.Sequential(conv(i, o, 4, 2, 1), nn.BatchNorm2d(o), LEAKY)

    def forward(self, x):
        return self.main(x)


class DownBlockComp(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        first = [conv(i, o, 4, 2, 1), nn.BatchNorm2d(o), LEAKY]
        self.main = nn.Sequential(*first, conv(o, o, 3, 1, 1), nn.BatchNorm2d(o), LEAKY)
        self.direct = nn.Sequential(nn.AvgPool2d(2, 2), conv(i, o, 1), nn.BatchNorm2d(o), LEAKY)

    def forward(self, x):
        return (self.main(x) + self.direct(x)) / 2


class SEBlock(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.main = nn.Sequential(nn.AdaptiveAvgPool2d(4), conv(i, o, 4), nn.SiLU(), conv(o, o, 1), nn.Sigmoid())

    def forward(self, low, high):
        return high * self.main(low)


class SimpleDecoder(nn.Module):
    def __init__(self, i, channels):
        super().__init__()
        layers = [nn.AdaptiveAvgPool2d(8)]
        for o in channels:
            up = [nn.Upsample(scale_factor=2, mode="nearest"), conv(i, 2 * o, 3, 1, 1)]
            layers.append(nn.Sequential(*up, nn.BatchNorm2d(2 * o), nn.GLU(dim=1)))
            i = o
        self.main = nn.Sequential(*layers, conv(i, 3, 3, 1, 1), nn.Tanh())

    def forward(self, features):
        return self.main(features)


def quadrant(x, part):
    """0 top-left, 1 top-right, 2 bottom-left, 3 bottom-right."""
    (row, column), half = divmod(part, 2), x.shape[2] // 2
    return x[:, :, row * half : (row + 1) * half, column * half : (column + 1) * half]


class FastGanDiscriminator(nn.Module):
    """256 px as published; 64 and 128 px by section 2.7, where a module has the name that it has at its
    resolution at 256 px: a map of s x s pixels is feat_(512 / s), the image itself feat_2 at 256 px."""

    def __init__(self, size=256, width=64):
        super().__init__()
        scaled = lambda published: max(4, published * width // 64)
        by_pixels = {256: 16, 128: 32, 64: 64, 32: 128, 16: 256, 8: 512}
        trunk = [pixels for pixels in by_pixels if pixels <= size]
        channels = {512 // pixels: scaled(by_pixels[pixels]) for pixels in trunk}
        self.first, *self.steps = channels
        self.small_size = min(128, size)

        self.down_from_big = nn.Sequential(conv(3, channels[self.first], 3, 1, 1), LEAKY)
        for s in self.steps:
            self.add_module(f"down_{s}", DownBlockComp(channels[s // 2], channels[s]))
            if s // 8 in channels:
                self.add_module(f"se_{s // 8}_{s}", SEBlock(channels[s // 8], channels[s]))
        head = scaled(1024)
        self.rf_big = nn.Sequential(conv(channels[64], head, 1), nn.BatchNorm2d(head), LEAKY, conv(head, 1, 4))

        small = [scaled(c) for c in (32, 64, 128, 256)][0 if size >= 128 else 1 :]
        downs = [DownBlock(i, o) for i, o in zip(small, small[1:])]
        self.down_from_small = nn.Sequential(conv(3, small[0], 4, 2, 1), LEAKY, *downs)
        self.rf_small = conv(small[-1], 1, 4)

        ups = [scaled(c) for c in (128, 64, 64, 32)][: 4 if size >= 128 else 3]
        self.decoder_big = SimpleDecoder(channels[64], ups)
        self.decoder_part = SimpleDecoder(channels[32], ups)
        self.decoder_small = SimpleDecoder(small[-1], ups)

    def features(self, images):
        maps = {self.first: self.down_from_big(images)}
        for s in self.steps:
            maps[s] = getattr(self, f"down_{s}")(maps[s // 2])
            if s // 8 in maps:
                maps[s] = getattr(self, f"se_{s // 8}_{s}")(maps[s // 8], maps[s])
        small = self.down_from_small(F.interpolate(images, size=self.small_size, mode="nearest"))
        return maps[64], maps[32], small

    def heads(self, last, small):
        return torch.cat([self.rf_big(last).view(-1), self.rf_small(small).view(-1)])

    def forward(self, images):
        last, _, small = self.features(images)
        return self.heads(last, small)

    def discriminate_real(self, images, part):
        """Logits, and the reconstructions with their targets: name -> (picture, target)."""
        last, map_32, small = self.features(images)
        target = F.interpolate(images, size=self.small_size, mode="nearest")
        target_part = F.interpolate(quadrant(images, part), size=self.small_size, mode="nearest")
        pairs = OrderedDict(
            big=(self.decoder_big(last), target),
            part=(self.decoder_part(quadrant(map_32, part)), target_part),
            small=(self.decoder_small(small), target),
        )
        return self.heads(last, small), pairs
