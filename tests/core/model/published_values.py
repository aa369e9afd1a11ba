"""Prints the numbers in published_values_test.cc and discriminator_alternatives_test.cc: the networks of the published
code and the discriminators that a ModelSpec can ask for instead, built from PyTorch's own modules in float64. Needs
torch only (2.11.0 for the numbers in the tests): python published_values.py"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import spectral_norm

LEAKY = nn.LeakyReLU(0.2)


class Style:
    def __init__(self, norm="batch", spectral=True):
        self.norm_name, self.spectral = norm, spectral

    def conv(self, *args):
        plain = nn.Conv2d(*args, bias=False)
        return spectral_norm(plain) if self.spectral else plain

    def norm(self, channels):
        layers = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "none": lambda _: nn.Identity()}
        return layers[self.norm_name](channels)


def fill(module):
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        last = name.split(".")[-1]
        if last in ("running_mean", "running_var", "num_batches_tracked"):
            continue
        count = tensor.numel()
        wave = torch.sin(0.7 * torch.arange(count) + count).reshape(tensor.shape)
        if last in ("weight_u", "weight_v"):
            wave = wave / wave.norm()
        elif tensor.dim() == 1 and last != "bias":
            wave = 1 + 0.1 * wave
        else:
            wave = 0.1 * wave
        tensor.data.copy_(wave)


def images(size):
    return torch.sin(0.013 * torch.arange(2 * 3 * size * size)).reshape(2, 3, size, size)


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        half = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        other = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        self.conv_block = nn.Sequential(*half, nn.ReLU(), *other)

    def forward(self, x):
        return x + self.conv_block(x)


def generator(width, blocks):
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width), nn.ReLU()]
    for c in (width, 2 * width):
        layers += [nn.Conv2d(c, 2 * c, 3, 2, 1), nn.InstanceNorm2d(2 * c), nn.ReLU()]
    layers += [ResidualBlock(4 * width) for _ in range(blocks)]
    for c in (4 * width, 2 * width):
        layers += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, 1), nn.InstanceNorm2d(c // 2), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


def patch_discriminator(width, norm="instance"):
    make_norm, bias = Style(norm).norm, norm == "instance"
    layers = [nn.Conv2d(3, width, 4, 2, 1), LEAKY]
    for c, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
        layers += [nn.Conv2d(c, 2 * c, 4, stride, 1, bias=bias), make_norm(2 * c), LEAKY]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


class DownBlockComp(nn.Module):
    def __init__(self, i, o, style):
        super().__init__()
        conv, norm = style.conv, style.norm
        self.main = nn.Sequential(conv(i, o, 4, 2, 1), norm(o), LEAKY, conv(o, o, 3, 1, 1), norm(o), LEAKY)
        self.direct = nn.Sequential(nn.AvgPool2d(2, 2), conv(i, o, 1), norm(o), LEAKY)

    def forward(self, x):
        return (self.main(x) + self.direct(x)) / 2


def gate(i, o, conv):
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), conv(i, o, 4), nn.SiLU(), conv(o, o, 1), nn.Sigmoid())


def decoder(i, channels, style):
    layers = [nn.AdaptiveAvgPool2d(8)]
    for o in channels:
        layers.append(nn.Sequential(nn.Upsample(scale_factor=2), style.conv(i, 2 * o, 3, 1, 1),
                                    style.norm(2 * o), nn.GLU(1)))
        i = o
    return nn.Sequential(*layers, style.conv(i, 3, 3, 1, 1), nn.Tanh())


class SslDiscriminator(nn.Module):
    def __init__(self, width, size, style=Style(), small=True, gates=True, decoders=("big", "part", "small"), blocks=None):
        super().__init__()
        c = lambda published: max(4, published * width // 64)
        conv, norm = style.conv, style.norm
        self.size, self.names = size, decoders
        self.reconstruction_size = 8 * 2 ** (blocks or (4 if size >= 128 else 3))
        first = {64: 64, 128: 32}.get(size, 16)
        if size == 1024:
            self.stem = nn.Sequential(conv(3, c(8), 4, 2, 1), LEAKY, conv(c(8), c(16), 4, 2, 1), norm(c(16)), LEAKY)
        else:
            self.stem = nn.Sequential(conv(3, c(first), *((4, 2, 1) if size == 512 else (3, 1, 1))), LEAKY)
        chain = [c(n) for n in (16, 32, 64, 128, 256, 512) if n >= first]
        self.down = nn.ModuleList([DownBlockComp(i, o, style) for i, o in zip(chain, chain[1:])])
        gated = range(3, len(chain)) if gates else ()
        self.gates = nn.ModuleDict({str(k): gate(chain[k - 3], chain[k], conv) for k in gated})
        self.head = nn.Sequential(conv(c(512), c(1024), 1), norm(c(1024)), LEAKY, conv(c(1024), 1, 4))
        self.small = None
        if small:
            chain = [c(n) for n in (32, 64, 128, 256)][0 if size >= 128 else 1:]
            self.small = nn.Sequential(conv(3, chain[0], 4, 2, 1), LEAKY, *[
                nn.Sequential(conv(i, o, 4, 2, 1), norm(o), LEAKY) for i, o in zip(chain, chain[1:])])
            self.small_head = conv(c(256), 1, 4)
        ups = [c(n) for n in (128, 64, 64, 32, 32)][:blocks or (4 if size >= 128 else 3)]
        channels = {"big": c(512), "part": c(256), "small": c(256)}
        self.decoders = nn.ModuleDict({name: decoder(channels[name], ups, style) for name in decoders})

    def forward(self, x, window):
        """window: row, column and size in cells of the 16 x 16 map."""
        maps = [self.stem(x)]
        for k, block in enumerate(self.down, 1):
            y = block(maps[-1])
            maps.append(self.gates[str(k)](maps[k - 3]) * y if str(k) in self.gates else y)
        logits = [self.head(maps[-1]).view(-1)]
        row, column, size = window
        cut = lambda t, cell: t[:, :, row * cell:(row + size) * cell, column * cell:(column + size) * cell]
        seen = {"big": (maps[-1], x), "part": (cut(maps[-2], 1), cut(x, self.size // 16))}
        if self.small is not None:
            small = self.small(F.interpolate(x, size=min(128, self.size)))
            logits.append(self.small_head(small).view(-1))
            seen["small"] = (small, x)
        loss = sum(F.mse_loss(self.decoders[name](seen[name][0]), F.interpolate(seen[name][1], size=self.reconstruction_size))
                   for name in self.names)
        return torch.cat(logits), loss


def show(name, tensor):
    print(name, *(f"{v.item():.12g}" for v in (tensor.flatten()[0], tensor.sum(), tensor.square().sum())))


def show_ssl(name, network, size, windows):
    fill(network)
    for window in windows:
        logits, reconstruction = network(images(size), window)
        show(f"{name}, {size} px, window {window}", logits)
        print("  reconstruction", f"{reconstruction.item():.12g}")
    gradients = torch.autograd.grad(logits.square().mean() + reconstruction, list(network.parameters()))
    print("  squared gradient", f"{sum(g.square().sum() for g in gradients).item():.12g}")


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for name, module, size in (("generator", generator(4, 2), 32), ("patch", patch_discriminator(4), 64),
                               ("patch, batch", patch_discriminator(4, "batch"), 64),
                               ("patch, none", patch_discriminator(4, "none"), 64)):
        fill(module)
        show(name, module(images(size)))
    top_right, bottom_left = (0, 8, 8), (8, 0, 8)
    for size in (64, 128, 256, 512, 1024):
        show_ssl("published", SslDiscriminator(8, size), size, (top_right, bottom_left))
    for name, size, window, options in (
            ("instance norm", 64, top_right, {"style": Style("instance")}),
            ("no norm", 64, top_right, {"style": Style("none")}),
            ("plain convolutions", 64, top_right, {"style": Style(spectral=False)}),
            ("no small branch", 64, top_right, {"small": False, "decoders": ("big", "part")}),
            ("no gates", 128, top_right, {"gates": False}),
            ("two blocks", 64, (5, 9, 4), {"blocks": 2, "decoders": ("part", "small")}),
            ("five blocks", 64, (0, 0, 16), {"blocks": 5, "decoders": ("big", "part")}),
            ("part of 2, plain, instance norm", 128, (14, 3, 2),
             {"decoders": ("part",), "style": Style("instance", False)})):
        show_ssl(name, SslDiscriminator(8, size, **options), size, (window,))


main()
