#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The two boundaries of the design, proved on the sources:
#
# - host: only arch/um/host and *_host files include a libc header, directly or
#   by a header of ours, and only they make host system calls
# - trap: nothing outside arch/um/trap names a backend
#
# Comments are removed first; they may say what they like.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=/dev/null
. "$top/tests/static/tap.sh"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*'

# Headers of Linux and of ours, by the first part of the path; and those of the
# compiler, which need no libc.
linux_headers='(linux|asm|asm-generic|uapi|um|vdso|net|crypto|keys|trace|generated|kunit|scsi|math-emu)/'
compiler_headers='std(arg|bool|def)\.h>'
allowed="<($linux_headers|$compiler_headers)"

# Host code, by its place or its name.
host_code='^arch/um/host/|_host\.[ch]$|^arch/um/include/um/host_(internal|syscall)\.h$'

# Copies without comments, in $work: -fpreprocessed leaves directives and macros
# alone. Assembler may have quotes that are none in C: then as it is.
plain()
{
	while read -r name; do
		mkdir -p "$work/$(dirname "$name")"
		cc -fpreprocessed -dD -E -P -x c "$name" 2>/dev/null \
			>"$work/$name" || cp "$name" "$work/$name"
	done
}

# matches REGEX LIST: FILE:TEXT for the files that LIST names. The lines
# are those of the files without comments.
matches()
{
	xargs -r grep -HE -- "$1" <"$2"
}

cd "$top" || exit 1
our_files arch/um drivers fs | grep -E '\.(c|h|S)$' >"$work/sources"
plain <"$work/sources"
cd "$work" || exit 1
grep -Ev "$host_code" sources >kernel
grep -E "$host_code" sources >host
grep -v '^arch/um/trap/' sources >outside
grep '^arch/um/trap/' sources >inside
for list in kernel host outside inside; do
	[ -s $list ] || empty "there are sources" "none in $list"
done

# ---- the host boundary

empty "only host code includes libc headers" \
	"$(matches "$include<" kernel | grep -vE "$allowed")"

# Headers of ours that bring libc's with them.
grep '\.h$' host >host-headers
libc_headers=$(matches "$include<" host-headers | grep -vE "$allowed" |
	cut -d: -f1 | sort -u | xargs -r -n 1 basename | paste -sd'|')
empty "and only it includes our headers that do ($libc_headers)" \
	"$(matches "$include.*[</\"](${libc_headers:-none})[>\"]" kernel)"

empty "only host code makes host system calls" \
	"$(matches '\bhost_syscall[0-9]?[[:space:]]*\(' kernel)"

# What a backend or the vDSO runs on the guest's side is none of the kernel's.
grep -vE '^arch/um/(vdso|trap)/' kernel >kernel-side
empty "or has the instruction" \
	"$(matches '"[^"]*\bsyscall\b[^"]*(\\[nt]|")|^[[:space:]]+syscall$' kernel-side |
		grep -E 'asm|\\[nt]|^[^:]*\.S:')"

# ---- the trap boundary

backends=$(xargs sed -nE \
	's/^[[:space:]]*\.name[[:space:]]*=[[:space:]]*"([a-z]+)".*/\1/p' <inside |
	sort -u | paste -sd'|')
[ -n "$backends" ] || empty "there are backends" "none"

empty "only arch/um/trap has symbols of a backend ($backends)" \
	"$(matches "\btrap_($backends)(\b|_)|\b($backends)_trap(\b|_)" outside)"
empty "only arch/um/trap has the name of one in a string" \
	"$(matches "\"[^\"]*\b($backends)\b[^\"]*\"" outside | grep -vE "${include#^}")"
empty "only arch/um/trap makes the calls of one" \
	"$(matches '\b(SYS_|__NR_)(ptrace|seccomp)\b|\bPTRACE_O_EXITKILL\b' outside)"
empty "only arch/um/trap includes its own headers" \
	"$(matches "$include.*(backends\.h|trap/[a-z_]+\.h)" outside | grep -v '<um/trap\.h>')"

done_testing
