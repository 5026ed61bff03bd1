# shellcheck shell=bash
# What ./up, ./down and ./seed share: choosing a Python and preparing its virtual environment. Sourced, not run.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
state=$(dirname -- "$here")/target/localstack

say() { printf 'localstack: %s\n' "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# A pyenv shim or a stripped-down system Python may be on PATH and yet not work, so each candidate is run.
python_works() {
  "$1" -c 'import ensurepip, venv, sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13)' >/dev/null 2>&1
}

# Sets $python, and $version such as 3.13: the newest that works, on PATH or else among pyenv's.
choose_python() {
  local candidate wanted
  if [[ -n ${SWINGBRIDGE_PYTHON:-} ]]; then
    python_works "$SWINGBRIDGE_PYTHON" ||
      die "SWINGBRIDGE_PYTHON=$SWINGBRIDGE_PYTHON does not run, has no venv module, or is not Python 3.11 to 3.13"
    python=$SWINGBRIDGE_PYTHON
  else
    python=
    for wanted in 3.13 3.12 3.11; do
      for candidate in "python$wanted" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$wanted"*/bin/python; do
        if [[ -z $python ]] && python_works "$candidate"; then python=$candidate; fi
      done
    done
    [[ -n $python ]] || die "no working Python 3.11 to 3.13 found; name one in SWINGBRIDGE_PYTHON"
  fi
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
}

# Of everything that decides what the environment contains.
inputs_digest() {
  local files
  files=$(find "$here/requirements.txt" "$here/plugin" -name __pycache__ -prune -o -type f -print | LC_ALL=C sort)
  "$python" -c '
import hashlib, sys
digest = hashlib.sha256()
for name in sys.stdin.read().splitlines():
    digest.update(open(name, "rb").read() + b"\0")
print(digest.hexdigest())' <<<"$files"
}

# Sets $venv to a complete environment for $python. The stamp is written last, so a broken-off build is built again.
# The lock is on a file descriptor: whatever way this process ends, it is released.
ensure_venv() {
  local digest
  venv=$state/venv-$version
  mkdir -p "$state"
  digest=$(inputs_digest)
  exec 9>"$venv.lock"
  "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
  if [[ $(cat "$venv/stamp" 2>/dev/null) != "$digest" ]] || ! "$venv/bin/python" -c '' 2>/dev/null; then
    say "installing the LocalStack runtime for Python $version into $venv"
    rm -rf "$venv"
    if ! build_venv >"$venv.log" 2>&1; then
      tail -n 30 "$venv.log" >&2
      die "installing failed; all of it is in $venv.log"
    fi
    printf '%s\n' "$digest" >"$venv/stamp"
  fi
  exec 9>&-
}

build_venv() {
  local pip=("$venv/bin/python" -m pip install --disable-pip-version-check --no-deps --no-compile)
  "$python" -m venv "$venv" &&
    "${pip[@]}" -r "$here/requirements.txt" &&
    # From a copy, as building writes into the source folder.
    cp -R "$here/plugin" "$venv/plugin" &&
    "${pip[@]}" --no-build-isolation "$venv/plugin" &&
    # LocalStack's index of all AWS operations: two seconds for each start, unless it finds one in this folder.
    mkdir -p "$venv/root/usr/lib/localstack" &&
    FILESYSTEM_ROOT=$venv/root OVERRIDE_IN_DOCKER=0 "$venv/bin/python" -m localstack.aws.spec
}
