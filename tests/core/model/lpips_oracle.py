"""Prints the numbers in lpips_test.cc: LPIPS 0.1 on VGG16 from PyTorch's own layers in float64, with float32 weights by
an integer formula. Needs torch only (2.11.0 for the numbers in the test): python lpips_oracle.py"""

import math

import torch
import torch.nn as nn

CONFIGURATION = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512]
LAST_OF_STAGE = (3, 8, 15, 22, 29)  # relu1_2, relu2_2, relu3_3, relu4_3, relu5_3
WIDTHS = (64, 128, 256, 512, 512)


def formula(index, shape):
    """Values in [-0.5, 0.5) of the tensor at this index."""
    x = (torch.arange(math.prod(shape), dtype=torch.int64) * 2654435761 + (index + 1) * 40503) & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 2246822519) & 0xFFFFFFFF
    return ((x ^ (x >> 13)).double() / 2**32 - 0.5).reshape(shape)


def rounded(tensor):
    return tensor.float().double()


def network():
    layers, channels, index = [], 3, 0
    for width in CONFIGURATION:
        if width == "M":
            layers.append(nn.MaxPool2d(2, 2))
            continue
        conv = nn.Conv2d(channels, width, 3, padding=1)
        scale = math.sqrt(24 / (9 * channels))
        conv.weight.data = rounded(formula(index, conv.weight.shape) * scale)
        conv.bias.data = rounded(formula(index + 1, conv.bias.shape) * 0.1)
        layers += [conv, nn.ReLU()]
        channels, index = width, index + 2
    linear = []
    for width in WIDTHS:
        conv = nn.Conv2d(width, 1, 1, bias=False)
        conv.weight.data = rounded(formula(index, conv.weight.shape) + 0.5)
        linear.append(conv)
        index += 1
    return nn.Sequential(*layers), linear


def lpips(vgg, linear, a, b):
    shift = torch.tensor([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1)
    x, y = (a - shift) / scale, (b - shift) / scale
    total = 0
    for number, layer in enumerate(vgg):
        x, y = layer(x), layer(y)
        if number in LAST_OF_STAGE:
            unit = lambda t: t / (t.square().sum(1, keepdim=True).sqrt() + 1e-10)
            head = linear[LAST_OF_STAGE.index(number)]
            total = total + head((unit(x) - unit(y)).square()).mean((1, 2, 3))
    return total


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    vgg, linear = network()
    count = torch.arange(2 * 3 * 32 * 32)
    images = torch.sin(0.013 * count).reshape(2, 3, 32, 32).requires_grad_()
    targets = torch.sin(0.029 * count + 1).reshape(2, 3, 32, 32)
    distances = lpips(vgg, linear, images, targets)
    (gradient,) = torch.autograd.grad(distances.sum(), images)
    print("distances", *(f"{value:.12g}" for value in distances.tolist()))
    print("gradient", *(f"{value.item():.12g}" for value in (
        gradient[1, 2, 17, 5], gradient.sum(), gradient.square().sum())))


main()
