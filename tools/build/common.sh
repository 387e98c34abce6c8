# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Where things are. Sourced by the scripts of this folder; the Makefile hands
# over CONFIG, KERNEL_SRC, V and KMAKE_ARGS in the environment.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

say() { printf '  %-7s %s\n' "$1" "${*:2}"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

: "${CONFIG:=x86_64}" "${KERNEL_SRC:=}" "${V:=}" "${KMAKE_ARGS:=}" "${MAKE:=make}"
export CONFIG KERNEL_SRC V KMAKE_ARGS MAKE

case $top in
*[[:space:]:]*) die "Kbuild cannot build below a path with spaces or colons: $top" ;;
esac

# A tree of the user's own gets a folder of its own: Kbuild trusts time stamps,
# so two trees must never share an output folder.
base=$top/build
if [[ $KERNEL_SRC ]]; then
	kernel_src=$(realpath -e -- "${KERNEL_SRC/#\~\//$HOME/}" 2>/dev/null) ||
		die "KERNEL_SRC=$KERNEL_SRC: no such folder"
	base=$top/build/tree-$(printf %s "$kernel_src" | cksum | cut -d' ' -f1)
fi
src=$base/src
obj=$base/obj
[[ $CONFIG = x86_64 ]] || obj=$base/obj-${CONFIG//,/-}

# One build at a time in this folder. The lock lives in an open file which
# every process of the build inherits, so it ends with the last of them.
lock() {
	local fd

	mkdir -p "$base"
	exec {fd}>"$base/.lock"
	flock -n "$fd" && return
	say WAIT "another make is at work in ${base#"$top"/}"
	flock "$fd"
}

# kmake ARGS...: Kbuild, with our tree and output folder.
kmake() {
	local jobs=() args=()

	[[ ${MAKEFLAGS:-} = *-j* ]] || jobs=(-j "$(nproc)")
	eval "args=($KMAKE_ARGS)"	# quoted words, from the Makefile
	env -u CONFIG -u KERNEL_SRC -u V -u KMAKE_ARGS \
		"$MAKE" --no-print-directory "${jobs[@]}" -C "$src" ARCH=um O="$obj" \
			${V:+V="$V"} "${args[@]}" "$@"
}
