"""Prints resize_fixtures.h: what Pillow 13.0.0 makes of noise and of images that a formula gives, by BICUBIC.

    python3 make_resize_fixtures.py > resize_fixtures.h; clang-format -i resize_fixtures.h

resize_test.cc states the formulas once more. Pillow 13 does the vertical pass first where that saves work, which
earlier versions never do: none of these is such a case.
"""
import numpy
from PIL import Image


def lines(height, width):
    return numpy.meshgrid(numpy.arange(height), numpy.arange(width), indexing="ij")


def eight_bits(height, width):
    y, x = lines(height, width)
    return ((y * 37 + x * 11 + x * y * 3 + 5) % 256).astype("uint8")


def sixteen_bits(height, width):
    y, x = lines(height, width)
    return ((y * 9001 + x * 1234 + x * y * 77 + 3) % 65536).astype("float32")


def resized(image, height, width):
    return numpy.asarray(Image.fromarray(image).resize((width, height), Image.BICUBIC))


def show(name, kind, image):
    values = numpy.atleast_3d(image).transpose(2, 0, 1).flatten()
    texts = [f"{float(value)!r}F" if kind == "float" else str(value) for value in values]
    print(f"constexpr std::array<{kind}, {len(values)}> k{name} = {{{', '.join(texts)}}};\n")


print("// Made by make_resize_fixtures.py with Pillow 13.0.0: planes of height x width.")
print("#pragma once\n\n#include <array>\n#include <cstdint>\n\nnamespace scgan::fixtures {\n")
print("// RGB noise, so that clipping at 0 and 255 happens often.")
noise = numpy.random.default_rng(5)
colours = noise.integers(0, 256, (10, 12, 3)).astype("uint8")
show("Noise10x12", "uint8_t", colours)
show("Noise10x12To5x7", "uint8_t", resized(colours, 5, 7))
colours = noise.integers(0, 256, (5, 7, 3)).astype("uint8")
show("Noise5x7", "uint8_t", colours)
show("Noise5x7To10x12", "uint8_t", resized(colours, 10, 12))
print("// One plane by a formula.")
show("EightBits80x67To9x5", "uint8_t", resized(eight_bits(80, 67), 9, 5))
show("EightBits6x5To17x21", "uint8_t", resized(eight_bits(6, 5), 17, 21))
show("EightBits9x30To23x11", "uint8_t", resized(eight_bits(9, 30), 23, 11))
show("SixteenBits40x37To6x7", "float", resized(sixteen_bits(40, 37), 6, 7))
show("SixteenBits6x5To11x9", "float", resized(sixteen_bits(6, 5), 11, 9))
print("}  // namespace scgan::fixtures")
