#!/bin/bash
# Makes the package and runs it from a folder with a blank in its name, through a link, without the environment of the
# build: errors of TORCH_DIR, a tiny sweep on 2 ranks with the same weights as the build's own program, and its tools.
#   package_test.sh BUILD_FOLDER TORCH_DIR
set -euo pipefail
build=$1 torch_dir=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { printf 'package_test: %s\n' "$*" >&2; exit 1; }

"$root/tools/make_package" "$build" "$torch_dir"
archive=$(echo "$build"/package/*.tar.gz)
(cd "$build/package" && sha256sum --check --quiet ./*.sha256)
mkdir "$work/with blank"
tar -C "$work/with blank" -xf "$archive"
pack=$(echo "$work/with blank"/*)
ln -s "$pack/bin/scgan_sweep" "$work/sweep"

scrubbed=(env -i PATH=/usr/bin:/bin HOME="$work" OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
          OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1)
expect_error() {  # TEXT COMMAND...: exits with 2 and names TEXT
  local text=$1 rc=0 output
  shift
  output=$("$@" 2>&1) || rc=$?
  [[ $rc == 2 && $output == *"$text"* ]] || fail "expected exit 2 and '$text', got exit $rc and: $output"
}
expect_error 'TORCH_DIR is not set' "${scrubbed[@]}" "$work/sweep" --version
expect_error "TORCH_DIR=$work does not hold a torch wheel" "${scrubbed[@]}" TORCH_DIR="$work" "$work/sweep" --version
mkdir -p "$work/other/torch"
echo "__version__ = '1.0.0'" >"$work/other/torch/version.py"
expect_error 'holds torch 1.0.0;' "${scrubbed[@]}" TORCH_DIR="$work/other" "$work/sweep" --version

cat >"$work/tiny.yaml" <<'YAML'
name: tiny
data: {kind: synthetic, image_size: 64, synthetic: {train_images: 4, test_images: 4}}
model: {generator_width: 4, generator_blocks: 1, discriminator_width: 4}
train: {steps: 2, batch_size: 2, micro_batch: 1}
sweep: {variants: [scgan], percentages: [100], seeds: {count: 1}}
evaluate: {kid_subsets: 2}
YAML
scrubbed+=(TORCH_DIR="$torch_dir")
"${scrubbed[@]}" "$work/sweep" --version
"${scrubbed[@]}" "$pack/bin/mpirun" --oversubscribe -n 2 scgan_sweep "$work/tiny.yaml" --out "$work/packed" \
  >"$work/output.txt" 2>&1 || fail "$(cat "$work/output.txt")"
grep -q 'help file' "$work/output.txt" && fail "Open MPI misses files: $(cat "$work/output.txt")"
"${scrubbed[@]}" "$build/bin/scgan_sweep" "$work/tiny.yaml" --out "$work/built" >/dev/null
weights() { (cd "$1/runs" && find . -name 'netG_*.safetensors' -exec sha256sum {} + | sort); }
[[ $(weights "$work/packed" | wc -l) == 2 ]] || fail 'expected the weights of two generators'
[[ $(weights "$work/packed") == "$(weights "$work/built")" ]] || fail 'the package trained other weights than the build'
"${scrubbed[@]}" env -u TORCH_DIR "$pack/bin/scgan_report" "$work/packed" >"$work/output.txt"
grep -q scgan "$work/output.txt" || fail 'the report names no scgan'

# The trials find the package's programs.
"${scrubbed[@]}" python3 "$pack/tools/gpu_trials" --out "$work/trials" --only starts \
  --stand-in "$build/tests/support/stand_in_gpu/libscgan_stand_in_gpu.so" >"$work/output.txt" 2>&1 ||
  fail "$(cat "$work/output.txt" "$work"/trials/*.log)"

# Nothing that runs may come from a path of the build machine.
find "$pack" -type f >"$work/files.txt"
while read -r program; do
  readelf -h "$program" >/dev/null 2>&1 || continue
  ! readelf -d "$program" | grep -E 'R(UN)?PATH' || fail "$program has a run path"
  ! grep -qaF -e "$root/" -e "$torch_dir/" "$program" || fail "$program holds a path of the build machine"
  libraries=$(LD_LIBRARY_PATH=$pack/lib:$(printf '%s:' "$torch_dir"/torch/lib "$torch_dir"/nvidia/*/lib) ldd "$program")
  # Left over: glibc, GCC's libraries, the package's own, TORCH_DIR's.
  others=$(grep -F ' => ' <<<"$libraries" | grep -vF -e "=> $pack/lib/" -e "=> $torch_dir/" |
           grep -vE '^\s(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|stdc\+\+|gcc_s)\.so[^ ]*) => /(usr/)?lib' || true)
  [[ -z $others ]] || fail "$program uses $others"
done <"$work/files.txt"
