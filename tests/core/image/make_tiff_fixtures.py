"""Prints tiff_fixtures.h: small TIFF files made by tifffile 2026.3.3 and Pillow 13.0.0, as hexadecimal text.

    python3 make_tiff_fixtures.py > tiff_fixtures.h && clang-format -i tiff_fixtures.h

Pixels follow formulas that tiff_codec_test.cc states once more: c channel, y line, x column.
"""
import io

import numpy
import tifffile
from PIL import Image, ImageOps


def pixels(kind, height, width, channels):
    c, y, x = numpy.meshgrid(numpy.arange(channels), numpy.arange(height), numpy.arange(width), indexing="ij")
    if kind == "uint8":
        values = (y * 37 + x * 11 + c * 90 + 5) % 256
    elif kind == "uint16":
        values = (y * 9001 + x * 1234 + c * 20000 + 77) % 65536
    else:
        values = y * 1.5 - x * 0.25 + c * 100
    return values.astype(kind)  # [C, H, W]


def chunky(image):
    return numpy.ascontiguousarray(numpy.moveaxis(image, 0, -1))


def by_tifffile(image, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, image, software=None, metadata=None, **options)
    return out.getvalue()


def by_pillow(image, **options):
    out = io.BytesIO()
    image.save(out, format="TIFF", **options)
    return out.getvalue()


grey = dict(photometric="minisblack")
rgb = dict(photometric="rgb")


def pages(*images, **options):
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        for image, subfiletype in images:
            writer.write(image, subfiletype=subfiletype, software=None, metadata=None, **grey, **options)
    return out.getvalue()


def progressive_jpeg(image):
    out = io.BytesIO()
    image.save(out, format="JPEG", progressive=True, quality=90)
    return out.getvalue()


def stack(images, **options):
    out = io.BytesIO()
    tifffile.imwrite(out, images, software=None, **options)
    return out.getvalue()


def with_subdirectory(image, sub, subfiletype):
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(image, subifds=1, software=None, metadata=None, **grey)
        writer.write(sub, subfiletype=subfiletype, software=None, metadata=None, **grey)
    return out.getvalue()


def ome(channels, samples, files):
    planes = "".join(
        f'<TiffData FirstC="{c}" IFD="0" PlaneCount="1"><UUID FileName="{name}">urn:uuid:{c}</UUID></TiffData>'
        for c, name in enumerate(files)
    )
    return (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        f'<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="7" SizeY="6" SizeC="{channels}" SizeZ="1" '
        f'SizeT="1"><Channel ID="Channel:0:0" SamplesPerPixel="{samples}"/>{planes}</Pixels></Image></OME>'
    )


def turned(image, orientation):
    """The image as a file of this orientation stores it, so that Pillow shows it as it is."""
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    stored = Image.fromarray(image)
    stored.getexif()[274] = inverse
    stored = ImageOps.exif_transpose(stored)
    shown = stored.copy()
    shown.getexif()[274] = orientation
    assert (numpy.array(ImageOps.exif_transpose(shown)) == image).all()
    return by_pillow(Image.fromarray(numpy.array(stored)), tiffinfo={274: orientation})


grey8 = pixels("uint8", 6, 7, 1)[0]
grey16 = pixels("uint16", 6, 7, 1)[0]
float32 = pixels("float32", 6, 7, 1)[0]
rgb8 = pixels("uint8", 6, 7, 3)
rgb16 = pixels("uint16", 6, 7, 3)
not_finite = float32.copy()
not_finite[2, 3] = numpy.nan

fixtures = {
    # 6 lines, 7 columns.
    "Grey8Strips": by_tifffile(grey8, rowsperstrip=4, **grey),
    "Grey8White": by_tifffile(255 - grey8, photometric="miniswhite"),
    "Grey8PackBits": by_pillow(Image.fromarray(grey8), compression="packbits"),
    "Grey16BigEndian": by_tifffile(grey16, byteorder=">", **grey),
    "Grey16Big": by_tifffile(grey16, bigtiff=True, **grey),
    "Grey16Zstd": by_pillow(Image.fromarray(grey16), compression="zstd"),
    "Grey16White": by_tifffile(65535 - grey16, photometric="miniswhite"),
    "Rgb8Lzw": by_pillow(Image.fromarray(chunky(rgb8)), compression="tiff_lzw", tiffinfo={317: 2}),
    "Rgb8Planar": by_tifffile(rgb8, planarconfig="separate", rowsperstrip=4, **rgb),
    "Rgb16Deflate": by_tifffile(chunky(rgb16), compression="zlib", **rgb),
    "Float32": by_tifffile(float32, **grey),
    "Float32BigEndianDeflate": by_tifffile(float32, byteorder=">", compression="zlib", **grey),
    "Float32Predictor": by_pillow(Image.fromarray(float32), compression="tiff_lzw", tiffinfo={317: 3}),
    # 20 lines, 18 columns: four tiles.
    "Grey16Tiles": by_tifffile(pixels("uint16", 20, 18, 1)[0], tile=(16, 16), compression="zlib", **grey),
    "Rgb8TilesPlanar": by_tifffile(
        pixels("uint8", 20, 18, 3), tile=(16, 16), compression="zlib", planarconfig="separate", **rgb
    ),
    "FloatRgbTiles": by_tifffile(chunky(pixels("float32", 20, 18, 3)), tile=(16, 16), compression="zlib", **rgb),
    # 16 lines and columns of red 200, green 100, blue 50.
    "JpegYcbcr": by_pillow(Image.new("RGB", (16, 16), (200, 100, 50)), compression="jpeg"),
    "JpegProgressive": progressive_jpeg(Image.new("RGB", (16, 16), (200, 100, 50))),  # not a TIFF
    # One image in several pages.
    "ThumbnailFirst": pages((grey8[::2, ::2], 1), (grey8, 0)),
    "Pyramid": pages((grey8, 0), (grey8[::2, ::2], 1), (grey8[::4, ::4], 1)),
    "PyramidInSubdirectory": with_subdirectory(grey8, grey8[::2, ::2], 0),
    "OneOfAShape": stack(grey8[None], **grey),
    "ShapeOfAnotherSize": by_tifffile(grey8, description='{"shape": [3, 60, 70]}', **grey),
    "ImageJOne": stack(grey8, imagej=True),
    "OmeRgb": by_tifffile(chunky(rgb8), description=ome(3, 3, ["a.tif"]), **rgb),
    "OmeOfSeveralFiles": by_tifffile(grey8, description=ome(3, 1, ["r.tif", "g.tif", "b.tif"]), **grey),
    # Stored rotated or mirrored.
    **{f"Orientation{n}": turned(grey8, n) for n in range(2, 9)},
    # Refused.
    "TruncatedShape": stack(numpy.stack([grey8, grey8, grey8]), truncate=True, **grey),
    "OldShape": by_tifffile(grey8, description="shape=(3, 6, 7)", **grey),
    "ShapeOfRgb": by_tifffile(chunky(rgb8), description='{"shape": [4, 6, 7, 3]}', **rgb),
    "ImageJHyperstack": by_tifffile(grey8, description="ImageJ=1.53t\nchannels=2\nslices=3\n", **grey),
    "OmeStack": by_tifffile(grey8, description=ome(3, 1, ["a.tif"]), **grey),
    "MetaMorph": by_tifffile(grey8, extratags=[(33629, 5, 3, (1, 1, 1, 1, 1, 1), True)], **grey),
    "OtherInSubdirectory": with_subdirectory(grey8, grey8, 0),
    "OnlyReduced": pages((grey8, 1), (grey8[::2, ::2], 1)),
    "TwoPages": pages((grey8, 0), (grey8, 0)),
    "ImageJStack": by_tifffile(grey8, description="ImageJ=1.53t\nimages=5\nslices=5\n", **grey),
    "Volume": by_tifffile(
        numpy.zeros((16, 16, 16), "uint8"), tile=(16, 16, 16), volumetric=True, compression="zlib", **grey
    ),
    "Palette": by_pillow(Image.fromarray(grey8).convert("P")),
    "Cmyk": by_pillow(Image.new("CMYK", (4, 3), (1, 2, 3, 4))),
    "Rgba": by_pillow(Image.new("RGBA", (4, 3), (1, 2, 3, 4))),
    "GreyAlpha": by_pillow(Image.new("LA", (4, 3), (1, 2))),
    "ThreeGreys": by_tifffile(chunky(rgb8), **grey, planarconfig="contig"),
    "Signed16": by_tifffile(grey16.astype("int16"), **grey),
    "Unsigned32": by_tifffile(grey16.astype("uint32"), **grey),
    "Float16": by_tifffile(float32.astype("float16"), **grey),
    "Float64": by_tifffile(float32.astype("float64"), **grey),
    "Complex": by_tifffile(float32.astype("complex64"), **grey),
    "OneBit": by_pillow(Image.new("1", (8, 3))),
    "Fax": by_pillow(Image.new("1", (8, 3)), compression="group4"),
    "NotFinite": by_tifffile(not_finite, **grey),
}

print("// Made by make_tiff_fixtures.py with tifffile 2026.3.3, Pillow 13.0.0: TIFF files as hexadecimal text.")
print("#pragma once\n\n#include <string_view>\n\nnamespace scgan::fixtures {\n")
for name, content in fixtures.items():
    digits = content.hex()
    lines = [digits[i : i + 88] for i in range(0, len(digits), 88)]
    print(f"constexpr std::string_view k{name} =")
    print("\n".join(f'    "{line}"' for line in lines) + ";\n")
print("}  // namespace scgan::fixtures")
