#!/usr/bin/env python3
"""Converts the published Inception-v3 weights of FID into the safetensors file that scgan reads.

    python tools/convert_inception.py pt_inception-2015-12-05-6726825d.pth inception.safetensors

The .pth is a release file of the pytorch-fid project. Only torch is needed (.deps/venv has it). The
metadata of the result name its source; with weights other than the published ones, scgan prints a
warning at every start.
"""

import ctypes
import hashlib
import json
import os
import struct
import sys

import torch

PUBLISHED = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def write_safetensors(path, tensors, metadata):
    """Writes float32 tensors: 8 bytes of header length, a JSON header, the tensors' bytes."""
    header, end = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        begin, end = end, end + 4 * tensor.numel()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path + ".part", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(ctypes.string_at(tensor.data_ptr(), 4 * tensor.numel()))
    os.replace(path + ".part", path)


def main(source, destination):
    digest = sha256(source)
    if digest != PUBLISHED:
        print(f"warning: {source} has SHA-256 {digest}, the published file {PUBLISHED}",
              file=sys.stderr)
    state = torch.load(source, map_location="cpu", weights_only=True)
    features = {name: tensor.float().contiguous() for name, tensor in state.items()
                if not name.startswith(("fc.", "AuxLogits.")) and "num_batches" not in name}
    write_safetensors(destination, features,
                      {"source": os.path.basename(source), "source_sha256": digest})
    print(f"{destination}: {len(features)} tensors, "
          f"{sum(tensor.numel() for tensor in features.values()):,} numbers")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
