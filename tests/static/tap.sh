# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# TAP for the static tests, to be sourced. They look at the sources in $top,
# which the script sets.

: "${top:?}"

tap_count=0
tap_failed=0

# empty NAME TEXT: one check, that passes when there is no text; what there is,
# is what is wrong.
empty()
{
	tap_count=$((tap_count + 1))
	if [ -z "$2" ]; then
		echo "ok $tap_count - $1"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

done_testing()
{
	echo "1..$tap_count"
	exit $((tap_failed > 0))
}

# Names of the files that are ours, relative to $top: what git would track.
our_files()
{
	cd "$top" || exit 1
	if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@" |
			while read -r name; do
				[ ! -f "$name" ] || echo "$name"
			done
	else
		find "${@:-.}" -type f ! -path './build/*' ! -path './.git/*' |
			sed 's|^\./||'
	fi
}
