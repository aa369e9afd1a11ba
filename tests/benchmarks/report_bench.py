#!/usr/bin/env python3
"""Time and memory of scgan_report on a store of 10,000 runs: report_bench.py SCGAN_REPORT

Each run has 200 loss points and six scores (tests/support/make_store.py). Prints the seconds and the largest memory of
each kind of output, the fastest of three, and exits with 1 if one is above its limit.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORE = ["--variants", "4", "--rates", "10", "--percentages", "5", "10", "25", "50", "100", "--seeds", "50"]
LIMITS = {"--format text": 2, "--format html": 5, "--status": 1}  # seconds
MOST_MIB = 300


def measured(words):
    """Seconds, MiB"""
    start = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, words))} failed")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def main():
    program = sys.argv[1]
    is_slow = False
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, ROOT / "tests/support/make_store.py", folder, *STORE], check=True)
        for flags, limit in LIMITS.items():
            seconds, mib = min(measured([program, folder, *flags.split()]) for _ in range(3))
            is_slow = is_slow or seconds > limit or mib > MOST_MIB
            print(f"{flags:14}  {seconds:5.2f} s of {limit} s  {mib:4.0f} MiB of {MOST_MIB} MiB", flush=True)
    sys.exit(1 if is_slow else 0)


if __name__ == "__main__":
    main()
