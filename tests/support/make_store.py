#!/usr/bin/env python3
"""Writes a store with made-up results, of any size, for tests and benchmarks of the report.

The scores are numbers without meaning: they fall with the percentage, differ between variants, and scatter with the
seed. The same arguments make the same store. The schema is that of results/store.
"""
import argparse
import hashlib
import json
import math
import pathlib
import random
import sqlite3

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA_DIGEST, EXTRACTOR_DIGEST = (hashlib.sha256(word).hexdigest() for word in (b"data", b"extractor"))
LOSSES = ("g_adv_a", "g_adv_b", "cycle_a", "cycle_b", "d_a", "d_b")
STEPS = 4000

# The keys of a run as scgan_sweep stores them; the others have their defaults.
SPEC = {
    "data.kind": "synthetic", "data.image_size": 64, "data.load_size": 72, "data.crop": True, "data.flip": True,
    "data.synthetic.train_images": 200, "data.synthetic.test_images": 64, "data.subset": "seeded",
    "data.scaling": "dtype", "data.test_split": "test", "data.tiles": 1,
    "model.generator_width": 16, "model.generator_blocks": 6, "model.discriminator_width": 16,
    "train.epochs": 200, "train.decay_epochs": 100, "train.schedule": "linear", "train.batch_size": 8,
    "train.micro_batch": 1, "train.learning_rate": 0.0002, "train.beta1": 0.5, "train.beta2": 0.999,
    "train.adam_eps": 1e-8, "train.pool_size": 50, "train.precision": "fp32",
    "loss.lambda_a": 10, "loss.lambda_b": 10, "loss.lambda_identity": 0.5, "loss.identity_mode": "relative",
    "evaluate.checkpoint": "last", "evaluate.directions": ["AtoB"], "evaluate.extractor.kind": "random_conv",
    "evaluate.extractor.digest": EXTRACTOR_DIGEST, "evaluate.kid_subsets": 20, "evaluate.kid_subset_size": 50,
    "run.reduction": "canonical",
}
VARIANTS = {
    "cyclegan": {"model.discriminator": "patch", "model.decoders": [], "model.diffaug": []},
    "cyclegan_diffaug": {"model.discriminator": "patch", "model.decoders": [],
                         "model.diffaug": ["color", "translation", "cutout"]},
    "scgan": {"model.discriminator": "fastgan", "model.decoders": ["big", "part", "small"],
              "model.diffaug": ["color", "translation", "cutout"], "loss.lambda_ssl": 1},
    "scgan_no_ssl": {"model.discriminator": "fastgan", "model.decoders": [],
                     "model.diffaug": ["color", "translation", "cutout"]},
}
VERSIONS = {"scgan_sweep": "scgan_sweep 0.1.0 (git 0123456789ab)", "libtorch": "2.11.0", "mpi": "Open MPI v4.1.4",
            "compiler": "12.2.0", "cuda": "none", "cudnn": "none", "nccl": "none", "git": "0123456789ab"}


def planned(options):
    """(variant, axes, percentage, seed) of every run, in plan order."""
    rates = [round(0.0001 * (1 + i), 6) for i in range(options.rates)]
    for seed in range(options.seeds):
        for variant in list(VARIANTS)[:options.variants]:
            for rate in rates:
                for percentage in options.percentages:
                    axes = {"train.learning_rate": rate} if options.rates > 1 else {}
                    yield variant, axes, percentage, seed


def metrics(rng, variant, percentage):
    """(name, subject, statistic, value, images)"""
    level = 60 - 6 * list(VARIANTS).index(variant) - 8 * math.log2(percentage / 10)
    fid = level * math.exp(rng.gauss(0, 0.05))
    yield "fid", "translated", "full", fid, 64
    yield "kid", "translated", "full", fid / 900 * math.exp(rng.gauss(0, 0.02)), 64
    yield "kid", "translated", "subset_mean", fid / 900, 64
    yield "kid", "translated", "subset_std", fid / 9000, 64
    yield "fid", "untranslated", "full", 95.25, 64
    yield "fid", "real_halves", "full", 12.5, 32


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--variants", type=int, default=3, choices=range(1, len(VARIANTS) + 1))
    parser.add_argument("--rates", type=int, default=1, help="learning rates, an axis of the sweep")
    parser.add_argument("--percentages", type=float, nargs="+", default=[25, 50, 100])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--losses", type=int, default=200, help="loss points of each run")
    parser.add_argument("--unfinished", type=int, default=0, help="the last runs: one fails, the others are to do")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    file = options.folder / "results.db"
    file.unlink(missing_ok=True)
    store = sqlite3.connect(file)
    scripts = sorted((ROOT / "results/store").glob("schema*.sql"))
    for script in scripts:
        store.executescript(script.read_text())
    store.execute(f"PRAGMA user_version = {len(scripts)}")
    store.execute("PRAGMA synchronous = OFF")
    store.execute("INSERT INTO sweep VALUES (1, 'cells', 'name: cells', '[]', ?)", (VERSIONS["scgan_sweep"],))
    store.execute("INSERT INTO data_note VALUES (?, 0, '2 of 64 test images are also training images')", (DATA_DIGEST,))
    runs = list(planned(options))
    for position, run in enumerate(runs):
        add_run(store, options, position, run, len(runs) - position)
    store.commit()
    store.close()


def add_run(store, options, position, run, left):
    variant, axes, percentage, seed = run
    name = json.dumps(run)
    run_id = hashlib.sha256(name.encode()).hexdigest()[:16]
    spec = SPEC | VARIANTS[variant] | axes | {"axes": axes, "data.percentage": percentage, "seed": seed}
    state = "done" if left > options.unfinished else "failed" if left == options.unfinished else "planned"
    images = round(2 * percentage)
    store.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, 'synthetic', ?, ?, ?, ?, ?, ?, NULL)",
                  (run_id, position, variant, percentage, seed, json.dumps(axes, separators=(",", ":")), DATA_DIGEST,
                   json.dumps(spec, sort_keys=True, separators=(",", ":")), images, images, STEPS, state))
    if state == "planned":
        return
    step = STEPS if state == "done" else 1234
    exit_class, reason = ("done", "") if state == "done" else (
        "non_finite", "loss d_a is NaN at step 1234, a sentence that is long enough to fill more than one line")
    store.execute("INSERT INTO attempt (run_id, hosts, device, ranks, first_step, last_step, versions, reduction, "
                  "started_ms, progress_ms, ended_ms, exit_class, reason) VALUES (?, 'node1 x2', 'cpu: Test Processor, "
                  "family 6 model 1, AVX2', 2, 0, ?, ?, 'canonical', 0, 600000, 600000, ?, ?)",
                  (run_id, step, json.dumps(VERSIONS), exit_class, reason))
    rng = random.Random(name)
    store.executemany("INSERT INTO loss VALUES (?, ?, ?, ?)",
                      [(run_id, (i // len(LOSSES) + 1) * 10, LOSSES[i % len(LOSSES)], math.exp(rng.gauss(-i / 100, 0.2)))
                       for i in range(options.losses)])
    if state == "failed":
        return
    store.executemany("INSERT INTO metric (run_id, phase, name, subject, statistic, direction, step, value, n_real, "
                      "n_fake, extractor, extractor_digest, preprocessing) VALUES "
                      "(?, 'final', ?, ?, ?, 'AtoB', ?, ?, ?, ?, 'random_conv', ?, 'uint8 RGB, 64 px')",
                      [(run_id, metric, subject, statistic, STEPS, value, count, count, EXTRACTOR_DIGEST)
                       for metric, subject, statistic, value, count in metrics(rng, variant, percentage)])
    store.executemany("INSERT INTO artifact (run_id, path, sha256) VALUES (?, ?, ?)",
                      [(run_id, f"runs/{run_id}/{file}", hashlib.sha256((name + file).encode()).hexdigest())
                       for file in ("netG_A.safetensors", "netG_B.safetensors", "features-AtoB.safetensors")])


if __name__ == "__main__":
    main()
