#!/usr/bin/env python3
"""What TensorBoard makes of the event files: event_files_in_tensorboard.py SCGAN_SWEEP SCGAN_REPORT

Trains a tiny sweep in two attempts, writes its event files, and compares what TensorBoard's own reader finds with
log.jsonl, times.jsonl and the store. Then a TensorBoard server must list the same tags.
"""
import json
import os
import pathlib
import re
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SWEEP = """name: tiny
data: {kind: synthetic, image_size: 64, synthetic: {train_images: 8, test_images: 4}}
sweep: {variants: [scgan], percentages: [100], seeds: [0, 1]}
model: {generator_width: 4, generator_blocks: 1, discriminator_width: 4}
train: {epochs: 2, decay_epochs: 1, batch_size: 4, micro_batch: 1}
evaluate: {kid_subsets: 5, every_epochs: 1}
run: {sample_images: 0}
"""
STOPPED = 75
START_SECONDS = 60  # for the server


def as_float(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


class EventFiles(unittest.TestCase):
    sweep = report = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out, cls.events = pathlib.Path(folder.name, "out"), pathlib.Path(folder.name, "events")
        file = pathlib.Path(folder.name, "tiny.yaml")
        file.write_text(SWEEP)
        environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        for flags, code in (["--stop-after", "0.00001"], STOPPED), ([], 0):
            ended = subprocess.run([cls.sweep, file, "--out", cls.out, "--device", "cpu", *flags], env=environment,
                                   capture_output=True, text=True)
            assert ended.returncode == code, ended
        subprocess.run([cls.report, cls.out, "--tensorboard", cls.events], check=True, stdout=subprocess.DEVNULL)
        cls.store = sqlite3.connect(cls.out / "results.db")
        cls.addClassCleanup(cls.store.close)
        cls.ids = {f"scgan 100 % seed {seed} {run}": run for run, seed in cls.store.execute("SELECT id, seed FROM run")}

    def expected_scalars(self, run):
        """Values by tag and step."""
        scalars = {}
        for line in lines_of(self.out / "runs" / run / "log.jsonl"):
            for key, value in line.items():
                if key == "learning_rate":
                    scalars[key, line["step"]] = as_float(value)
                elif isinstance(value, float) or key.split("_")[0] in ("g", "cycle", "identity", "d", "ssl"):
                    scalars[f"loss/{key}", line["step"]] = as_float(value)
        for name, direction, step, value in self.store.execute(
                "SELECT name, direction, step, value FROM metric WHERE run_id = ? AND statistic = 'full' "
                "AND subject = 'translated'", (run,)):
            scalars[f"{name}/{direction}", step] = as_float(value)
        return scalars

    def expected_times(self, run):
        """Seconds since 1970 by step."""
        seconds = {line["step"]: line["seconds"] for line in lines_of(self.out / "runs" / run / "times.jsonl")}
        attempts = self.store.execute("SELECT first_step, started_ms FROM attempt WHERE run_id = ? ORDER BY id",
                                      (run,)).fetchall()
        times = {}
        for step, trained in seconds.items():
            first, started = [attempt for attempt in attempts if attempt[0] < step][-1]
            times[step] = started / 1000 + trained - seconds.get(first, 0)
        return times

    def test_every_scalar_is_read_back_with_its_time(self):
        self.assertEqual(sorted(folder.name for folder in self.events.iterdir()), sorted(self.ids))
        attempts = 0
        for name, run in self.ids.items():
            reader = EventAccumulator(str(self.events / name), size_guidance={"scalars": 0})
            reader.Reload()
            found = {(tag, event.step): event for tag in reader.Tags()["scalars"] for event in reader.Scalars(tag)}
            expected, times = self.expected_scalars(run), self.expected_times(run)
            self.assertEqual({key: event.value for key, event in found.items()}, expected)
            self.assertEqual(len({tag for tag, step in expected if tag.startswith("loss/")}), 10)
            self.assertEqual({step for tag, step in expected if tag == "fid/AtoB"}, {2, 4, 6})
            for (_, step), event in found.items():
                self.assertAlmostEqual(event.wall_time, times[step], places=3)
            attempts += self.store.execute("SELECT count(*) FROM attempt WHERE run_id = ?", (run,)).fetchone()[0]
        self.assertEqual(attempts, 3)  # one run was stopped and resumed

    def test_a_server_lists_every_tag(self):
        server = subprocess.Popen(
            [sys.executable, "-m", "tensorboard.main", "--logdir", self.events, "--host", "127.0.0.1", "--port", "0",
             "--load_fast", "false", "--reload_task", "blocking", "--reload_interval", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        limit = threading.Timer(START_SECONDS, server.kill)
        limit.start()
        try:
            address = None
            for line in server.stderr:
                if address := re.search(r"http://[\w.]+:\d+/", line):
                    break
            self.assertIsNotNone(address, "the server did not start")
            with urllib.request.urlopen(address[0] + "data/plugin/scalars/tags", timeout=30) as answer:
                tags = json.load(answer)
        finally:
            limit.cancel()
            server.kill()
            server.wait()
            server.stderr.close()
        self.assertEqual({name: set(of_run) for name, of_run in tags.items()},
                         {name: {tag for tag, _ in self.expected_scalars(run)} for name, run in self.ids.items()})


if __name__ == "__main__":
    EventFiles.sweep, EventFiles.report = map(os.path.abspath, sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
