"""Checks of the parts against the specification: parameter counts, shapes, identities."""

import torch

from diff_augment import color, diff_augment
from draws import philox
from image_pool import ImagePool
from networks import FastGanDiscriminator, PatchDiscriminator, ResnetGenerator, without_gradient


def expect(what, value, expected):
    assert value == expected, f"{what}: {value}, not {expected}"
    print(f"ok: {what} = {value}")


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def check_networks():
    expect("generator, 9 blocks", parameters(ResnetGenerator()), 11_378_179)
    expect("generator, 6 blocks", parameters(ResnetGenerator(blocks=6)), 7_837_699)
    patch = PatchDiscriminator()
    expect("PatchGAN", parameters(patch), 2_764_737)
    expect("its logits at 256 px", tuple(patch(torch.zeros(1, 3, 256, 256)).shape), (1, 1, 30, 30))
    expect("biases without gradient", without_gradient(patch), ["model.2.bias", "model.5.bias", "model.8.bias"])
    field = 1
    for layer in reversed([m for m in patch.model if isinstance(m, torch.nn.Conv2d)]):
        field = (field - 1) * layer.stride[0] + layer.kernel_size[0]
    expect("its receptive field", field, 70)


def check_fastgan():
    published = ((256, 11_526_160, 3_139_488), (128, 11_459_328, 3_139_488), (64, 11_051_776, 3_031_104))
    for size, count, decoders in published:
        network = FastGanDiscriminator(size)
        expect(f"FastGAN's discriminator at {size} px", parameters(network), count)
        in_decoders = sum(p.numel() for n, p in network.named_parameters() if n.startswith("decoder"))
        expect("its decoders", in_decoders, decoders)
        with torch.no_grad():
            logits, pairs = network.discriminate_real(torch.randn(2, 3, size, size), 3)
        expect("its logits for 2 images", logits.numel(), 100)
        for picture, target in pairs.values():
            expect("a decoder's picture", picture.shape, target.shape)
            expect("its side", picture.shape[2], min(128, size))


def check_spectral_norm():
    network = FastGanDiscriminator(64, width=8)
    for _ in range(200):
        network.down_64.main[0](torch.zeros(1, 32, 16, 16))
    largest = torch.linalg.matrix_norm(network.down_64.main[0].weight.flatten(1), 2)
    expect("largest singular value after many iterations is 1", abs(largest.item() - 1) < 1e-3, True)


def check_draws():
    # The test vectors of the authors' Random123 library for zeros and ones.
    expect("Philox of zeros", philox((0, 0), (0,) * 4), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8))
    ones = 0xFFFFFFFF
    expect("Philox of ones", philox((ones,) * 2, (ones,) * 4), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD))


def check_augmentation():
    images, half = torch.randn(2, 3, 8, 8), torch.full((2,), 0.5)
    expect("color with u = 0.5 is the identity", torch.allclose(color(images, half, half, half), images), True)
    expect("no policy is the identity", diff_augment(images, (), 0, 0, 0) is images, True)
    moved = diff_augment(torch.ones(1, 3, 64, 64), ("cutout",), 1, 0, 0)
    expect("cutout takes at most a quarter", 0 < (moved == 0).double().mean().item() <= 0.25, True)


def check_pool():
    images = torch.randn(50, 3, 2, 2)
    expect("an empty pool returns its inputs", torch.equal(ImagePool(50, 1, 9).query(images, 0), images), True)


def run_all():
    for check in (check_networks, check_fastgan, check_spectral_norm, check_draws, check_augmentation, check_pool):
        check()
