# Read by the programs in bin/, with the package's folder in SCGAN_PACKAGE.
fail() {
  printf '%s: %s\n' "$program" "$1" >&2
  exit 2
}

# Sets LD_LIBRARY_PATH for LibTorch, CUDA and NCCL, if TORCH_DIR holds the version that this package was built with.
use_torch() {
  read -r needed <"$SCGAN_PACKAGE/libexec/torch_version"
  remedy="Install it with \`pip install torch==${needed%%+*}\` and set TORCH_DIR to the site-packages folder that holds torch/ and nvidia/ (docs/installing.md)."
  [ -n "${TORCH_DIR:-}" ] || fail "TORCH_DIR is not set; torch $needed is needed. $remedy"
  TORCH_DIR=$(readlink -f -- "$TORCH_DIR" || printf '%s' "$TORCH_DIR")
  [ -f "$TORCH_DIR/torch/version.py" ] ||
    fail "TORCH_DIR=$TORCH_DIR does not hold a torch wheel: torch/version.py is missing; torch $needed is needed. $remedy"
  found=$(sed -n "s/^__version__ = '\(.*\)'.*/\1/p" "$TORCH_DIR/torch/version.py")
  [ "$found" = "$needed" ] ||
    fail "TORCH_DIR=$TORCH_DIR holds torch ${found:-of an unknown version}; torch $needed is needed. $remedy"
  for folder in "$TORCH_DIR/torch/lib" "$TORCH_DIR"/nvidia/*/lib; do
    if [ -d "$folder" ]; then
      LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$folder
    fi
  done
}

LD_LIBRARY_PATH=$SCGAN_PACKAGE/lib
# mpirun finds the programs beside it.
PATH=$SCGAN_PACKAGE/bin:$PATH
# Debian's Open MPI and PMIx look below these folders instead of those of the machine that built them.
OPAL_PREFIX=$SCGAN_PACKAGE
OPAL_LIBDIR=$SCGAN_PACKAGE/lib
OPAL_PKGLIBDIR=$SCGAN_PACKAGE/lib/openmpi3
OPAL_DATADIR=$SCGAN_PACKAGE/share
OPAL_PKGDATADIR=$SCGAN_PACKAGE/share/openmpi
OPAL_SYSCONFDIR=$SCGAN_PACKAGE/etc
PMIX_PREFIX=$SCGAN_PACKAGE/pmix
PMIX_LIBDIR=$PMIX_PREFIX/lib
PMIX_PKGLIBDIR=$PMIX_PREFIX/lib/pmix
PMIX_DATADIR=$PMIX_PREFIX/share
PMIX_PKGDATADIR=$PMIX_PREFIX/share/pmix
PMIX_SYSCONFDIR=$PMIX_PREFIX/etc
export LD_LIBRARY_PATH PATH OPAL_PREFIX OPAL_LIBDIR OPAL_PKGLIBDIR OPAL_DATADIR OPAL_PKGDATADIR OPAL_SYSCONFDIR \
  PMIX_PREFIX PMIX_LIBDIR PMIX_PKGLIBDIR PMIX_DATADIR PMIX_PKGDATADIR PMIX_SYSCONFDIR
# Debian's Open MPI stops if its way to start ranks on other hosts needs ssh and there is none, even for ranks here.
if [ -z "${OMPI_MCA_plm:-}" ] && ! command -v ssh >/dev/null && ! command -v rsh >/dev/null; then
  export OMPI_MCA_plm=^rsh
fi
