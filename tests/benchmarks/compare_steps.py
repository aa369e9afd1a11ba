"""Times our training step (step_bench) and that of a plain PyTorch program (eager_step.py) in turn, on the CPU, and
prints a Markdown table. `make bench-step` runs it.

With --ranks N, our step on N ranks is compared with our step on one rank instead: with one such program alone, and with
the slowest of N at once, which share the machine as the N ranks do.

The plain program comes in three forms: eager; with torch.compile, which takes minutes to compile and needs a C++
compiler; under autocast to bfloat16, which is compared with our step in train.precision: bf16.

A ratio is the plain program's time divided by ours: 2 means that ours takes half as long. It is computed round by round;
the table has the median and, in brackets, the least and the most. "processor" counts only the time in which a processor
worked for the program, which other programs on the machine disturb less than the time that passed.
"""

import argparse
import importlib.metadata
import itertools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
MODELS = ["cyclegan", "cyclegan_diffaug", "scgan"]
SIZES = ["64/16/6/8", "128/32/9/2"]
ALONE, AT_ONCE = "1 rank alone", "1 rank beside others"
# By name: flags of eager_step.py, and keys of our sweep.
FORMS = {"eager": ([], []), "compile": (["--compile"], []), "autocast": (["--autocast"], ["train.precision=bf16"])}


def output_of(command, environment, copies=1):
    """What the program prints; of several copies that run at once, the slowest."""
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(copies)]
    texts = [program.communicate()[0] for program in started]
    for program in started:
        if program.returncode != 0:
            sys.exit(f"compare_steps: failed with exit code {program.returncode}: {' '.join(map(str, command))}")
    return max((json.loads(text.strip().splitlines()[-1]) for text in texts), key=lambda output: output["median_seconds"])


def run_both(model, numbers, form, options):
    """What both programs print for one case."""
    size, width, blocks, batch = numbers
    plain_flags, our_keys = FORMS.get(form, ([], []))
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    common = ["--steps", str(options.steps), "--threads", str(options.threads)]
    keys = {"sweep.variants": f"[{model}]", "sweep.percentages": "[100]", "data.image_size": size,
            "data.load_size": size, "model.generator_width": width, "model.discriminator_width": width, "model.generator_blocks": blocks,
            "train.batch_size": batch}
    settings = [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
    settings += [word for setting in our_keys + options.set for word in ("--set", setting)]
    our_step = [options.step_bench, HERE.parent.parent / "examples" / "quickstart.yaml", *settings, *common]
    if form in (ALONE, AT_ONCE):
        return (output_of(["mpirun", "--oversubscribe", "-n", str(options.ranks), *our_step], environment),
                output_of(our_step, environment, options.ranks if form == AT_ONCE else 1))
    ours = output_of(our_step, environment)
    plain = output_of([sys.executable, HERE / "eager_step.py", "--model", model, "--size", size, "--width", width,
                       "--blocks", blocks, "--batch", batch, *plain_flags, *common], environment)
    return ours, plain


def ratios(rounds, key):
    of_rounds = [plain[key] / ours[key] for ours, plain in rounds]
    return f"{statistics.median(of_rounds):.2f} ({min(of_rounds):.2f}-{max(of_rounds):.2f})"


def seconds(rounds, index, key):
    return f"{statistics.median(programs[index][key] for programs in rounds):.2f}"


def memory(rounds, index):
    return str(max(programs[index]["peak_mib"] for programs in rounds))


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step_bench", help="the program of this name")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--sizes", nargs="+", default=SIZES, metavar="SIZE/WIDTH/BLOCKS/BATCH",
                        help=f"image size, width of all networks, blocks, batch size [{' '.join(SIZES)}]")
    parser.add_argument("--against", nargs="+", choices=FORMS, default=["eager"], help="forms of the plain program [eager]")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3, help="how often each program runs")
    parser.add_argument("--steps", type=int, default=5, help="steps timed in a round")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="another key of our sweep")
    parser.add_argument("--ranks", type=int, default=1, help="compare our step on so many ranks with one rank")
    options = parser.parse_args()
    if options.ranks > 1:
        options.against = [ALONE, AT_ONCE]
    return options


def main():
    options = parse()
    ours, other = ("ours", "plain") if options.ranks == 1 else (f"{options.ranks} ranks", "1 rank")
    print(f"| model | size/width/blocks/batch | against | {ours}, s | {other}, s | ratio | {ours}, processor s "
          f"| {other}, processor s | ratio, processor | {ours}, MiB | {other}, MiB |")
    print("| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |")
    for case, model, form in itertools.product(options.sizes, options.models, options.against):
        rounds = [run_both(model, case.split("/"), form, options) for _ in range(options.rounds)]
        cells = [model, case, form, seconds(rounds, 0, "median_seconds"), seconds(rounds, 1, "median_seconds"),
                 ratios(rounds, "median_seconds"), seconds(rounds, 0, "cpu_seconds"), seconds(rounds, 1, "cpu_seconds"),
                 ratios(rounds, "cpu_seconds"), memory(rounds, 0), memory(rounds, 1)]
        print("| " + " | ".join(cells) + " |", flush=True)
    print(f"\n{processor_name()}, {os.cpu_count()} processors, load {os.getloadavg()[1]:.1f} over 5 minutes; torch "
          f"{importlib.metadata.version('torch')}; {options.threads} thread(s), {options.rounds} rounds of {options.steps} steps")


main()
