"""Writes the files that the fuzzers begin with into seeds/: tiny valid ones of every kind that a parser tells apart.
Made with NumPy 2.4.6, Pillow 13.0.0, tifffile 2026.3.3 and safetensors 0.8.0; sweep files come from examples/ besides.

    python make_seeds.py
"""

import io
import json
import pathlib

import numpy as np
import tifffile
from PIL import Image
from safetensors.numpy import save

SEEDS = pathlib.Path(__file__).parent / "seeds"


def write(name, content):
    path = SEEDS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def saved(save_to, *arguments, **options):
    stream = io.BytesIO()
    save_to(stream, *arguments, **options)
    return stream.getvalue()


def numpy_files():
    mu, sigma = np.array([0.5, 1.5]), np.array([[2, 0.5], [0.5, 1]])
    write("npz/stored", saved(np.savez, mu=mu, sigma=sigma))
    write("npz/deflated", saved(np.savez_compressed, mu=mu, sigma=sigma))
    write("npy/float64", saved(np.save, mu))
    write("npy/fortran_float32", saved(np.save, np.asfortranarray(sigma.astype("<f4"))))
    write("npy/version_2", saved(lambda s: np.lib.format.write_array(s, mu, version=(2, 0))))


def pillow(image, kind, **options):
    return saved(lambda s: image.save(s, kind, **options))


def images():
    rgb = (np.arange(9 * 10 * 3).reshape(9, 10, 3) * 7 % 256).astype(np.uint8)
    grey, deep = rgb[..., 0], rgb[..., 0].astype(np.uint16) * 257
    for name, pixels in {"grey": grey, "rgb": rgb}.items():
        image = Image.fromarray(pixels)
        write(f"image/{name}.png", pillow(image, "PNG"))
        write(f"image/{name}.jpg", pillow(image, "JPEG", quality=30))
    write("image/progressive.jpg", pillow(Image.fromarray(rgb), "JPEG", quality=20, progressive=True))
    write("image/palette.png", pillow(Image.fromarray(rgb).quantize(4), "PNG"))
    write("image/bits.png", pillow(Image.fromarray(grey > 99), "PNG"))
    write("image/deep.png", pillow(Image.fromarray(deep), "PNG"))
    write("image/lzw.tif", pillow(Image.fromarray(grey), "TIFF", compression="tiff_lzw"))
    tiffs = {"deep": (deep, {}), "deflate": (rgb, {"compression": "zlib", "predictor": True}),
             "planar": (np.moveaxis(rgb, 2, 0), {"photometric": "rgb", "planarconfig": "separate", "rowsperstrip": 4}),
             "tiles": (deep, {"tile": (16, 16)}), "float": (grey.astype(np.float32), {}),
             "big_endian": (deep, {"byteorder": ">"})}
    for name, (pixels, options) in tiffs.items():
        byteorder = options.pop("byteorder", None)
        stream = io.BytesIO()
        tifffile.imwrite(stream, pixels, metadata=None, software=False, byteorder=byteorder, **options)
        write(f"image/{name}.tif", stream.getvalue())


def tables():
    write("csv/plain", "file,channel\na.tif,1\nb.tif,2\n")
    write("csv/quoted", '\ufeff"file, name","say ""hi"""\r\n"a\nb",\r\n\r\n')


def catalogs():
    items = ["pixels", "digest", 1, 0.5, 255.0, 0.0, 1e-300, -3.5, 4.0] + 4 * [1, "name", 2**64 - 1]
    write("catalog/one_each", "".join(f"{len(str(item))}:{item}" for item in items))


def weights():
    tensors = {"w": np.arange(4, dtype=np.float32).reshape(2, 2), "n": np.array(3, dtype=np.int64),
               "b": np.array([True, False]), "d": np.array([0.5]), "e": np.zeros((0, 3), np.int32)}
    write("safetensors/types", save(tensors, metadata={"step": "3"}))
    write("safetensors/empty", b"\x02\0\0\0\0\0\0\0{}")


def messages():
    attempt = {"run_id": "r", "hosts": "h", "device": "cpu", "ranks": 1, "first_step": 0, "versions": "v",
               "reduction": "canonical"}
    metric = {"name": "fid", "subject": 0, "statistic": 0, "direction": "AtoB", "step": 1, "value": 2.5, "n_real": 4, "n_fake": 4,
              "extractor": "random_conv", "extractor_digest": "0", "preprocessing": "uint8 RGB"}
    reports = [{"attempt": attempt, "total_steps": 9},
               {"step": 1, "g_loss": 1.5, "d_loss": 0.5, "losses": [{"step": 1, "name": "G_A", "value": 1.0}],
                "scores": [metric]},
               {"step": 2, "hosts": "h x2"}, {}, {"step": 2, "metrics": [metric], "artifacts": [{"path": "p", "sha256": "0"}]},
               {"exit_class": 1, "reason": "x"}, {"step": 3}, {}, {"run": 1}, {"run": 1, "reason": "x"},
               {"rank": 1, "exit_class": 1, "reason": "x"}]
    orders = [{"run": 1, "ranks": [0, 1]}, {"run": 1}, {"ranks": [0, 1]}, {}, {"ranks": [0, 1]}, {}, {}]
    for name, bodies in (("report", reports), ("order", orders)):
        for kind, body in enumerate(bodies):
            write(f"messages/{name}-{kind}", json.dumps({"kind": kind, "body": body}))


def sweeps():
    write("sweep_yaml/small", "name: s\ndata: &d {kind: synthetic, image_size: 64}\nsweep:\n  variants: [scgan]\n"
          "  percentages: [20, 100]\n  seeds: {count: 2, first: 3}\n  axes: {train.learning_rate: [1e-4, 2.0e-4]}\n"
          "train:\n  - 1\n  - ~\n'q': \"\\x41\"\n")


if __name__ == "__main__":
    numpy_files()
    images()
    tables()
    catalogs()
    weights()
    messages()
    sweeps()
