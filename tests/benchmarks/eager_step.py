"""Times the training step of a plain PyTorch program: eager modules, float32, torch.optim.Adam, one call of a network
after the other, as the published code does it. The networks and the step are those of tests/oracle, which the C++ code
is checked against. Prints one JSON line.

  python tests/benchmarks/eager_step.py --model cyclegan --size 256 --width 64 --blocks 9 --batch 8 --device cuda
"""

import argparse
import json
import pathlib
import resource
import statistics
import sys
import time

import torch
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "oracle"))
from cases import CYCLEGAN, FULL_POLICY, SCGAN, replace  # noqa: E402
from step import Training  # noqa: E402

MODELS = {"cyclegan": CYCLEGAN, "cyclegan_diffaug": replace(CYCLEGAN, diffaug=FULL_POLICY), "scgan": SCGAN}
TRACED_STEPS = 3


def make_training(options):
    case = replace(MODELS[options.model], image_size=options.size, generator_width=options.width,
                   generator_blocks=options.blocks, discriminator_width=options.d_width or options.width,
                   batch_size=options.batch, pool_size=50)
    training = Training(case)
    torch.manual_seed(0)
    for network in training.networks.values():
        network.to(options.device)
        for parameter in network.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, 0, 0.02)
    if options.compile:
        for name, network in training.networks.items():
            # SCGAN's discriminators run twice before their backward pass; a compiled one has saved buffers (of batch and
            # spectral norm) that the second time changes, which is an error.
            if not list(network.buffers()):
                setattr(training, name, torch.compile(network))
    return training


def synchronize(device):
    if device == "cuda":
        torch.cuda.synchronize()


def seconds_of_steps(training, options):
    """Of each step: the time that passed, and what all threads of this process used."""
    shape = (options.batch, 3, options.size, options.size)
    a, b = (torch.rand(shape, device=options.device) * 2 - 1 for _ in range(2))
    seconds, cpu = [], []
    for step in range(options.warm_up + options.steps):
        synchronize(options.device)
        start, cpu_start = time.perf_counter(), time.process_time()
        with torch.autocast(options.device, torch.bfloat16, enabled=options.autocast):
            training.run(a, b)
        synchronize(options.device)
        if step >= options.warm_up:
            seconds.append(time.perf_counter() - start)
            cpu.append(time.process_time() - cpu_start)
    return seconds, cpu


def record_steps(training, options):
    """Three steps by torch's profiler, in the format of Chrome's traces."""
    shape = (options.batch, 3, options.size, options.size)
    a, b = (torch.rand(shape, device=options.device) * 2 - 1 for _ in range(2))
    with torch.profiler.profile() as profiler:
        for _ in range(TRACED_STEPS):
            training.run(a, b)
        synchronize(options.device)
    profiler.export_chrome_trace(options.trace)


def tflop_of_a_step(training, options):
    """Of convolutions and matrix products, forward and backward, as PyTorch counts them."""
    shape = (options.batch, 3, options.size, options.size)
    a, b = (torch.rand(shape, device=options.device) * 2 - 1 for _ in range(2))
    with FlopCounterMode(display=False) as counter:
        training.run(a, b)
    return counter.get_total_flops() / 1e12


def peak_mib(device):
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=MODELS, default="cyclegan")
    parser.add_argument("--size", type=int, default=64, help="side of the images")
    parser.add_argument("--width", type=int, default=16, help="of the generators")
    parser.add_argument("--d-width", type=int, default=0, help="of the discriminators [that of the generators]")
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=10, help="steps timed, after --warm-up others")
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-tf32", action="store_true", help="convolutions and products in full float32 on a GPU")
    parser.add_argument("--autocast", action="store_true", help="bfloat16 where autocast allows it")
    parser.add_argument("--compile", action="store_true", help="networks without buffers by torch.compile")
    parser.add_argument("--trace", metavar="FILE", help="record three more steps into this file")
    return parser.parse_args()


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    if options.no_tf32:
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
    training = make_training(options)
    seconds, cpu = seconds_of_steps(training, options)
    peak = peak_mib(options.device)
    if options.trace:
        record_steps(training, options)
    tflop = None if options.compile else tflop_of_a_step(training, options)
    print(json.dumps({"model": options.model, "size": options.size, "batch": options.batch, "device": options.device,
                      "autocast": options.autocast, "compile": options.compile, "tf32": not options.no_tf32,
                      "median_seconds": statistics.median(seconds), "least_seconds": min(seconds),
                      "most_seconds": max(seconds), "cpu_seconds": statistics.median(cpu), "tflop_per_step": tflop, "peak_mib": round(peak),
                      "traced_steps": TRACED_STEPS if options.trace else 0, "torch": torch.__version__}))


main()
