"""Prints the numbers in published_values_test.cc: the networks of the published code, built from PyTorch's own
modules in float64. Needs torch only (2.11.0 for the numbers in the test): python published_values.py"""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import spectral_norm

LEAKY = nn.LeakyReLU(0.2)


def conv(*args):
    return spectral_norm(nn.Conv2d(*args, bias=False))


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


def patch_discriminator(width):
    layers = [nn.Conv2d(3, width, 4, 2, 1), LEAKY]
    for c, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
        layers += [nn.Conv2d(c, 2 * c, 4, stride, 1), nn.InstanceNorm2d(2 * c), LEAKY]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


class DownBlockComp(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.main = nn.Sequential(conv(i, o, 4, 2, 1), nn.BatchNorm2d(o), LEAKY,
                                  conv(o, o, 3, 1, 1), nn.BatchNorm2d(o), LEAKY)
        self.direct = nn.Sequential(nn.AvgPool2d(2, 2), conv(i, o, 1), nn.BatchNorm2d(o), LEAKY)

    def forward(self, x):
        return (self.main(x) + self.direct(x)) / 2


def gate(i, o):
    return nn.Sequential(nn.AdaptiveAvgPool2d(4), conv(i, o, 4), nn.SiLU(), conv(o, o, 1), nn.Sigmoid())


def decoder(i, channels):
    layers = [nn.AdaptiveAvgPool2d(8)]
    for o in channels:
        layers.append(nn.Sequential(nn.Upsample(scale_factor=2), conv(i, 2 * o, 3, 1, 1),
                                    nn.BatchNorm2d(2 * o), nn.GLU(1)))
        i = o
    return nn.Sequential(*layers, conv(i, 3, 3, 1, 1), nn.Tanh())


class SslDiscriminator(nn.Module):
    def __init__(self, width, size):
        super().__init__()
        c = lambda published: max(4, published * width // 64)
        self.size = size
        first = {64: 64, 128: 32}.get(size, 16)
        if size == 1024:
            self.stem = nn.Sequential(conv(3, c(8), 4, 2, 1), LEAKY, conv(c(8), c(16), 4, 2, 1),
                                      nn.BatchNorm2d(c(16)), LEAKY)
        else:
            self.stem = nn.Sequential(conv(3, c(first), *((4, 2, 1) if size == 512 else (3, 1, 1))), LEAKY)
        chain = [c(n) for n in (16, 32, 64, 128, 256, 512) if n >= first]
        self.down = nn.ModuleList([DownBlockComp(i, o) for i, o in zip(chain, chain[1:])])
        self.gates = nn.ModuleDict({str(k): gate(chain[k - 3], chain[k]) for k in range(3, len(chain))})
        self.head = nn.Sequential(conv(c(512), c(1024), 1), nn.BatchNorm2d(c(1024)), LEAKY, conv(c(1024), 1, 4))
        chain = [c(n) for n in (32, 64, 128, 256)][0 if size >= 128 else 1:]
        self.small = nn.Sequential(conv(3, chain[0], 4, 2, 1), LEAKY, *[
            nn.Sequential(conv(i, o, 4, 2, 1), nn.BatchNorm2d(o), LEAKY) for i, o in zip(chain, chain[1:])])
        self.small_head = conv(c(256), 1, 4)
        ups = [c(n) for n in (128, 64, 64, 32)][:4 if size >= 128 else 3]
        self.decoders = nn.ModuleList([decoder(c(n), ups) for n in (512, 256, 256)])

    def forward(self, x, part):
        target = min(128, self.size)
        maps = [self.stem(x)]
        for k, block in enumerate(self.down, 1):
            y = block(maps[-1])
            maps.append(self.gates[str(k)](maps[k - 3]) * y if str(k) in self.gates else y)
        whole = F.interpolate(x, size=target)
        small = self.small(whole)
        logits = torch.cat([self.head(maps[-1]).view(-1), self.small_head(small).view(-1)])
        row, column = divmod(part, 2)
        quadrant = lambda t, h: t[:, :, row * h:row * h + h, column * h:column * h + h]
        piece = F.interpolate(quadrant(x, self.size // 2), size=target)
        pairs = zip(self.decoders, (maps[-1], quadrant(maps[-2], 8), small), (whole, piece, whole))
        return logits, sum(F.mse_loss(d(f), t) for d, f, t in pairs)


def show(name, tensor):
    print(name, *(f"{v.item():.12g}" for v in (tensor.flatten()[0], tensor.sum(), tensor.square().sum())))


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    for name, module, size in (("generator", generator(4, 2), 32), ("patch", patch_discriminator(4), 64)):
        fill(module)
        show(name, module(images(size)))
    for size in (64, 128, 256, 512, 1024):
        network = SslDiscriminator(8, size)
        fill(network)
        for part in (1, 2):
            logits, reconstruction = network(images(size), part)
            show(f"{size} px, part {part}", logits)
            print("  reconstruction", f"{reconstruction.item():.12g}")
        gradients = torch.autograd.grad(logits.square().mean() + reconstruction, list(network.parameters()))
        print("  squared gradient", f"{sum(g.square().sum() for g in gradients).item():.12g}")


main()
