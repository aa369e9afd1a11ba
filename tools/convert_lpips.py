#!/usr/bin/env python3
"""Converts the published weights of LPIPS into the safetensors file of loss.lpips_weights.

    python tools/convert_lpips.py vgg16-397923af.pth vgg.pth lpips.safetensors

The first is torchvision's VGG16, of which the 13 convolutions are kept; the second holds the linear
layers of LPIPS 0.1 for VGG16 (lpips/weights/v0.1/vgg.pth in its package). Only torch is needed
(.deps/venv has it). The metadata of the result name its sources.
"""

import os
import sys

import torch

from convert_inception import sha256, write_safetensors


def load(path, prefix):
    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: tensor.float().contiguous() for name, tensor in state.items()
            if name.startswith(prefix)}


def main(vgg, linear, destination):
    tensors = {**load(vgg, "features."), **load(linear, "lin")}
    if len(tensors) != 31:
        sys.exit(f"{vgg} and {linear} hold {len(tensors)} tensors of VGG16's convolutions and the "
                 "linear layers; expected 26 and 5")
    metadata = {}
    for key, path in (("vgg", vgg), ("linear", linear)):
        metadata |= {key: os.path.basename(path), key + "_sha256": sha256(path)}
    write_safetensors(destination, tensors, metadata)
    print(f"{destination}: {len(tensors)} tensors, "
          f"{sum(tensor.numel() for tensor in tensors.values()):,} numbers")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
