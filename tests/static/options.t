#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What --help lists, the man page documents, and the other way round.

top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=/dev/null
. "$top/tests/static/tap.sh"

kernel=${KERNEL:-$top/linux}
page=$top/docs/linux-uml.1

# The page's options, as --help writes them, up to the first subsection: there
# begin Linux's own.
page_options()
{
	sed -n '/^\.SH OPTIONS/,/^\.SS/p' "$page" | grep -A 1 '^\.TP' |
		sed -nE 's/\\-/-/g; s/^\.BI? *//p' | tr -d ' ' |
		sed -E 's/=.*/=/' | sort -u
}

help_options()
{
	timeout 10 "$kernel" --help |
		sed -nE 's/^  (--[a-z]+|[a-zA-Z]+=).*/\1/p' | sort -u
}

lacking()
{
	while read -r option; do
		grep -qF -- "$option" "$1" || echo "$option"
	done
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
help_options >"$work/help"
page_options >"$work/page"
# The whole text, for options that the page describes below the list.
sed -E 's/^\.[A-Z]+ ?//; s/\\-/-/g; s/\\f.//g; s/[ "]//g' "$page" >"$work/text"

empty "--help lists options" "$([ -s "$work/help" ] || echo none)"
empty "the page lists options" "$([ -s "$work/page" ] || echo none)"
empty "every option of --help is in the page" "$(lacking "$work/text" <"$work/help")"
# con= stands for all conN= there.
empty "every option of the page is in --help" \
	"$(sed 's/^con=$/conN=/' "$work/page" | lacking "$work/help")"
done_testing
