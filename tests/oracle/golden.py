"""Golden files: safetensors with float64 tensors.

  losses     [iterations, 10]  columns as in step.LOSSES
  state.K    [tensors, 3 + samples]  after iteration K: sum, sum of squares, dot product with formulas.signs, then
             elements j * n // samples for j = 0, 1, ... of the n elements

The one metadata entry, "rows", names the rows of state.K, one per line. A name followed by * has no true gradient and is
not compared. (With a second entry, the bytes of the file would not be reproducible.)"""

import torch
from safetensors.torch import save_file

from formulas import given_images, signs
from networks import without_gradient
from step import LOSSES, Training


def summary(tensor, samples):
    flat = tensor.detach().double().flatten()
    picked = [j * flat.numel() // samples for j in range(samples)]
    return torch.cat([torch.stack([flat.sum(), flat.square().sum(), flat @ signs(flat.numel())]), flat[picked]])


def left_out(training):
    names = [f"{n}.{k}" for n, network in training.networks.items() for k in without_gradient(network)]
    return {prefix + name for name in names for prefix in ("", "adam.first.", "adam.second.", "ema.")}


def record(case):
    training = Training(case)
    shape = (case.batch_size, 3, case.image_size, case.image_size)
    losses, tensors, names = [], {}, []
    for iteration in range(1, case.record_after[-1] + 1):
        images = [given_images(domain, iteration - 1, shape) for domain in (0, 1)]
        result = training.run(*images)
        losses.append([result[name] for name in LOSSES])
        if iteration in case.record_after:
            state = training.state()
            names = sorted(state)
            tensors[f"state.{iteration}"] = torch.stack([summary(state[n], case.samples) for n in names])
    tensors["losses"] = torch.tensor(losses)
    noise = left_out(training)
    return tensors, {"rows": "\n".join(name + "*" * (name in noise) for name in names)}


def write(case, folder):
    tensors, metadata = record(case)
    save_file(tensors, folder / f"{case.name}.safetensors", metadata)
    return tensors["losses"]
