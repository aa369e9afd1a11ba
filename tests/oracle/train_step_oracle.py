"""Makes the golden files of tests/core/train/oracle_test.cc; see README.md beside this file.

  python train_step_oracle.py            writes golden/*.safetensors
  python train_step_oracle.py CASE ...   only these cases
  python train_step_oracle.py --check    checks the parts against the specification

Needs torch and safetensors (2.11.0 and 0.8.0 made the files kept here)."""

import sys
from pathlib import Path

import torch

import checks
import golden
from cases import CASES
from step import LOSSES


def main(arguments):
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    if arguments == ["--check"]:
        checks.run_all()
        return
    known = {case.name: case for case in CASES}
    if unknown := set(arguments) - set(known):
        sys.exit(f"unknown case {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    folder = Path(__file__).parent / "golden"
    folder.mkdir(exist_ok=True)
    for name in arguments or known:
        losses = golden.write(known[name], folder)
        print(name, *(f"{loss}={value:.6g}" for loss, value in zip(LOSSES, losses[-1].tolist())))


main(sys.argv[1:])
