#!/bin/bash
# tools/gpu_trials on the stand-in for a GPU: verdicts, going on later, and the page of results. Only two short trials
# run; docs/gpu_trials.md says how to run all of them.
#   gpu_trials_test.sh BUILD_FOLDER
set -euo pipefail
build=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { printf 'gpu_trials_test: %s\n' "$*" >&2; cat "$work"/out/*.log >&2 2>/dev/null || true; exit 1; }
trials() {  # CODE ARGUMENTS...: must exit with CODE; the output is in $output
  local expected=$1 rc=0
  shift
  output=$(python3 "$root/tools/gpu_trials" --programs "$build" --out "$work/out" \
    --stand-in "$build/tests/support/stand_in_gpu/libscgan_stand_in_gpu.so" "$@" 2>&1) || rc=$?
  [[ $rc == "$expected" ]] || fail "exit code $rc instead of $expected of gpu_trials $*: $output"
}
verdicts() { sed -n 's/.*"trial": "\([a-z_]*\)", "verdict": "\([A-Za-z]*\)".*/\1 \2/p' "$work/out/trials.jsonl"; }
columns() { sed -n 's/^\(| `[a-z_]*` | [^|]*|\).*/\1/p' "$1"; }

# The page in the repository lists the tool's trials.
cp "$root/docs/gpu_trials.md" "$work/page.md"
trials 0 --page "$work/page.md"
[[ $(columns "$work/page.md") == "$(columns "$root/docs/gpu_trials.md")" ]] ||
  fail 'docs/gpu_trials.md lists other trials than the tool; run tools/gpu_trials --page docs/gpu_trials.md'
! grep -q 'passed on' "$work/page.md" || fail 'the page has results without any trial'

trials 1 --gpus 0 --only starts
[[ $(verdicts) == 'starts FAILED' && $output == *'no GPU'* ]] || fail "expected a failure that says why: $output"

# All others have passed already: the failed one runs again, the other one later, since it might take too long.
columns "$work/page.md" | sed 's/^| `\([a-z_]*\)`.*/\1/' | while read -r name; do
  [[ $name == starts || $name == kill ]] ||
    echo "{\"trial\": \"$name\", \"verdict\": \"passed\", \"text\": \"\", \"date\": \"\", \"card\": \"\", \"driver\": \"\", \"versions\": []}"
done >>"$work/out/trials.jsonl"
count=$(verdicts | wc -l)
trials 75 --minutes 0.01
[[ $output == *'left: kill'* && $(verdicts | tail -n +$((count + 1))) == 'starts passed' ]] || fail "$output"
trials 0
[[ $(verdicts | tail -n +$((count + 2))) == 'kill passed' ]] || fail "$output"
trials 0
[[ -z $output ]] || fail "nothing was left, but it ran $output"
trials 0 --page "$work/page.md"
grep -q '`kill`.*passed on .* stand-in, .*resumed from step' "$work/page.md" || fail 'the page does not show the result'
