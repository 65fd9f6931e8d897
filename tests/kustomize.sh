#!/bin/sh
# Builds kustomize for the tests, once, into the user's cache, from its source (Go module proxy, checksums).
# Prints the program's path. Needs go 1.19 (Debian: golang-go), for which this is the last version; an installed one is
# taken as it is.
set -eu
version=v5.0.3
place=${XDG_CACHE_HOME:-$HOME/.cache}/reconcile-test/kustomize-$version
if [ ! -x "$place/kustomize" ]; then
  if command -v kustomize >/dev/null; then
    command -v kustomize
    exit
  fi
  mkdir -p "${place%/*}"
  beside=$(mktemp -d "$place.XXXXXX")  # whole or not at all, also where two build it at once
  GOBIN=$beside go install "sigs.k8s.io/kustomize/kustomize/v5@$version" >&2
  mv -T "$beside" "$place" 2>/dev/null || rm -rf "$beside"
fi
echo "$place/kustomize"
