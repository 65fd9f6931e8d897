#!/bin/sh
# Installs Azurite, Microsoft's own server that speaks Azure's blob storage, for the tests: once, into the user's cache.
# Prints the program's path. Needs npm; nothing of it is used outside the tests.
set -eu
place=${XDG_CACHE_HOME:-$HOME/.cache}/reconcile-test/azurite
program=$place/node_modules/.bin/azurite-blob
if [ ! -x "$program" ]; then
  mkdir -p "${place%/*}"
  beside=$(mktemp -d "$place.XXXXXX")  # whole or not at all, also where two install it at once
  npm install --silent --no-fund --no-audit --prefix "$beside" "azurite@^3.30" >&2
  mv -T "$beside" "$place" 2>/dev/null || rm -rf "$beside"
fi
echo "$program"
