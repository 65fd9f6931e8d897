#!/bin/sh
# Builds kustomize for the tests, once, into the user's cache, from its own source by the Go module proxy and its checksums.
# Prints the program's path. Needs go (Debian: golang-go); an installed kustomize, or kubectl with a newer one, is taken as it is.
set -eu
version=v5.7.1
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
