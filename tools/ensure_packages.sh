#!/usr/bin/env bash
# ensure_packages.sh <purpose> <Debian package>...
# Installs those that are missing, and says what to do where it cannot.
set -euo pipefail

purpose=$1
shift

# A compiler or a Python that did not come from a package serves as well.
present() {
    case $1 in
        g++) command -v g++ >/dev/null ;;
        python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        *) [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]] ;;
    esac
}

if ! command -v dpkg-query >/dev/null; then
    echo "This is not a Debian system, so nothing can be checked or installed. Needed for" \
         "'make $purpose', under their Debian names: $*" >&2
    exit 0
fi

missing=()
for package in "$@"; do
    present "$package" || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

fail() {
    echo "$1" >&2
    echo "'make $purpose' needs: ${missing[*]}. Install them (apt-get install ${missing[*]})" \
         "and run it again." >&2
    exit 1
}

as_root=()
if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null || fail "Debian packages are missing, and there is no root and no sudo."
    as_root=(sudo)
fi
command -v apt-get >/dev/null || fail "Debian packages are missing, and there is no apt-get."

echo "Installing Debian packages: ${missing[*]}"
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null
}
# The package lists of a fresh machine are empty or old.
install >/dev/null 2>&1 || { "${as_root[@]}" apt-get update -q && install; } \
    || fail "apt-get could not install them; is the network there?"
