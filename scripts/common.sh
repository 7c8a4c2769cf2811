# common.sh: what the scripts share; sourced, never run. Sets `root` and goes there.
# shellcheck shell=bash

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\033[1m' red=$'\033[31m' plain=$'\033[0m'
else
  bold='' red='' plain=''
fi

jobs=${NAPICHECK_JOBS:-$(nproc 2>/dev/null || echo 2)}

# step TEXT: says what comes next, with the seconds since the script began.
step() { printf '%s==> [%4ds] %s%s\n' "$bold" "$SECONDS" "$*" "$plain"; }
say() { printf '    %s\n' "$*"; }
fail() {
  printf '%s%s: %s%s\n' "$red" "${0##*/}" "$*" "$plain" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# quietly WHAT COMMAND...: runs a command whose output matters only when it fails.
quietly() {
  local what=$1 log status=0
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then
    cat "$log" >&2
    rm -f "$log"
    fail "$what failed (exit status $status): $*"
  fi
  rm -f "$log"
}

# clang_format: the name of a clang-format of the major version that .clang-format is written for.
clang_format() {
  local name
  for name in clang-format-14 clang-format; do
    if have "$name" && grep -q 'version 14\.' <<<"$("$name" --version)"; then
      echo "$name"
      return 0
    fi
  done
  return 1
}

# configure DIR [CMAKE-OPTION...]
configure() {
  local dir=$1
  shift
  if [ ! -f "$dir/CMakeCache.txt" ] && have ninja; then
    set -- -G Ninja "$@"
  fi
  quietly "Configuring $dir" cmake -S . -B "$dir" "$@"
}

# build DIR [TARGET...]
build() {
  local dir=$1
  shift
  [ $# -eq 0 ] || set -- --target "$@"
  cmake --build "$dir" -j "$jobs" "$@"
}

node_major() { node -p 'process.versions.node.split(".")[0]'; }

# use_a_recent_node: Ubuntu 22.04's node is 12; the checks and the page of HTML reports want 18. The runtimes that
# the tests install from npm hold newer ones.
use_a_recent_node() {
  local runtimes=$root/tests/compat/runtimes/node_modules
  if [ "$(node_major)" -lt 18 ] && [ -x "$runtimes/node22/bin/node" ]; then
    export PATH="$runtimes/node22/bin:$PATH"
    say "node from PATH is too old: using $(node -v) from $runtimes"
  fi
}
