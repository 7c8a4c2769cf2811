#!/bin/sh
# install.sh [PREFIX]: builds napicheck from the sources that this file is part of, and installs it (/usr/local).
# For Debian 12, Ubuntu 22.04 and newer; as root, or with sudo.
set -eu
prefix=${1:-/usr/local}
cd "$(dirname "$0")/../.."
scripts/setup
cmake -S . -B build -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix"
cmake --build build --parallel
if [ -w "$prefix" ] || { [ ! -e "$prefix" ] && [ -w "$(dirname "$prefix")" ]; }; then
  cmake --install build
else
  sudo cmake --install build
fi
"$prefix/bin/napicheck" --version
