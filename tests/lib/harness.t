#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The harness tests itself: a check that fails is seen to fail, and whatever a
# kernel leaves behind is found. The "kernel" is a shell on this machine.

lib=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$lib")")
UML_OUT=${UML_OUT:-$top/build/tests}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/out"
ln -s "$UML_OUT/bin" "$work/out/bin"
count=0
failed=0

ok()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
		sed 's/^/# /' "$work/output"
	fi
}

# Run the Expect script on stdin; its TAP goes to $work/output.
script()
{
	{
		echo "source $lib/uml.exp"
		cat
	} >"$work/script.exp"
	status=0
	env UML_PATIENCE=1 UML_LIMIT= UML_OUT="$work/out" KERNEL="$work/kernel" MINI=/dev/null TRAP= \
		timeout -k 5 60 expect -f "$work/script.exp" \
		>"$work/output" 2>&1 </dev/null || status=$?
}

status_is()
{
	[ "$status" -eq "$1" ]
	ok $? "$2: status $1"
}

says()
{
	grep -Eq -- "$1" "$work/output"
	ok $? "$2"
}

# A kernel that is a shell, and puts the terminal right again.
cat >"$work/kernel" <<'END'
#!/bin/sh
saved=$(stty -g 2>/dev/null)
trap '' INT
echo 'Linux version 0'
PS1='root# ' sh -i
status=$?
[ -z "$saved" ] || stty "$saved"
exit $status
END
chmod +x "$work/kernel"

# ---- TAP

script <<'END'
ok 1 "one"
is a a "two"
like abc {b} "three"
unlike abc {d} "four"
skip 1 "reason"
done_testing
END
status_is 0 "all pass"
says '^1\.\.5$' "the plan counts them"
says '^ok 5 # SKIP reason$' "a skip has its reason"

for check in 'ok 0 x' 'is a b x' 'like a {b} x' 'unlike a {a} x'; do
	script <<END
ok 1 "fine"
$check
done_testing
END
	status_is 1 "$check"
	says '^not ok 2 - x$' "$check: not ok"
done

script <<'END'
ok 1 "fine"
nonsense
END
status_is 1 "a script that breaks off"
! grep -q '^1\.\.' "$work/output"
ok $? "a script that breaks off has no plan"

script <<'END'
done_testing
END
status_is 1 "no check at all"

# ---- a conversation

script <<'END'
uml_case "talk" {
	uml_boot
	is [uml_run {printf 'a\n\tb\r\nc'; (exit 3)}] [list "a\n\tb\r\nc" 3] "exact"
	is [uml_run {true}] [list "" 0] "nothing"
	is [uml_run {for i in 1 2
do
	echo $i
done}] [list "1\n2\n" 0] "several lines"
	is [uml_run {echo "$M:0:e" | sed s/:e/:f/}] [list "$uml(mark):0:f\n" 0] "mark"
	is [string length [uml_get {head -c 300000 /dev/zero | tr '\0' x}]] 300000 "long"
	is [uml_run {printf '\303\244\377'}] [list "\303\244\377" 0] "bytes"
	is [uml_run {cd /; x=kept}] [list "" 0] "the shell stays"
	is [uml_get {echo $PWD$x}] "/kept" "with its state"
	uml_send "exit 5\r"
	uml_ended "exit 5"
}
done_testing
END
status_is 0 "a conversation"

script <<'END'
uml_case "syntax" {
	uml_boot
	uml_run {if fi}
}
done_testing
END
status_is 1 "a command that the shell cannot read"

script <<'END'
uml_case "wait" {
	uml_boot
	uml_run {echo on-the-screen}
	uml_wait {never} 1
	ok 1 "not reached"
}
uml_case "next" {
	uml_boot
	is [uml_get {echo again}] again "the next case runs"
	uml_send "exit\r"
	uml_ended "exit 0"
}
done_testing
END
status_is 1 "a time-out"
says '^not ok 1 - wait: no match for \{never\} in 1 s' "a time-out is a failed check"
says '^# on-the-screen' "and shows the guest's last lines"
says '^ok 2 - the next case runs' "and the next case goes on"

script <<'END'
uml_case "gone" {
	uml_boot
	uml_send "echo last words; exit 3\r"
	uml_wait {never} 20
}
done_testing
END
status_is 1 "a guest that ends early"
says '^not ok 1 - gone: the guest ended before' "is a failed check at once"
says '^# .*last words' "with its last lines"

script <<'END'
uml_case "status" {
	uml_boot
	uml_send "exit 4\r"
	uml_ended "exit 0"
}
done_testing
END
says '^not ok 1 - the kernel ends with exit 0' "another status is seen"

# ---- what is left behind

left()
{
	script <<END
uml_case "left" {
	uml_boot
	uml_send "$2\r"
	uml_ended "exit 0"
}
done_testing
END
	says '^not ok 2 - the kernel leaves nothing' "$1 is found"
	says "$3" "$1 is named"
}

# Until it has its name.
sleeps='until grep -q sleep /proc/\$!/comm; do :; done'
left "a process" "sleep 987 & $sleeps; exit 0" 'got: process [0-9]+ sleep'
left "a daemon" "setsid -w sh -c 'sleep 987 & $sleeps'; exit 0" 'process [0-9]+ sleep'
# shellcheck disable=SC2016 # expands in the shell that plays the guest
left "a temporary file" 'touch \$TMPDIR/forgotten; exit 0' 'file .*/tmp/forgotten'
left "a file at home" 'mkdir ~/.uml; touch ~/.uml/id; exit 0' 'file .*/home/.uml/id'
# shellcheck disable=SC2016 # expands in the shell that plays the guest
left "a raw terminal" 'stty -echo; saved=; kill -9 \$PPID; exit 0' 'terminal changed'

running()
{
	for command in /proc/[0-9]*/cmdline; do
		[ "$(tr '\0' ' ' <"$command")" != "$1 " ] || return 0
	done 2>/dev/null
	return 1
}

# The guard's killing can lag behind its parent's end: give it its time.
gone()
{
	for _ in $(seq 100); do
		running "sleep $1" || return 0
		sleep 0.1
	done
	return 1
}

gone 987
ok $? "what was left is killed"

script <<'END'
uml_boot
uml_run {setsid sleep 986 & true}
exit 7
END
status_is 7 "a script that leaves its guest running"
gone 986
ok $? "takes the guest with it"

cat >"$work/script.exp" <<END
# limit: 3
source $lib/uml.exp
uml_boot
uml_run {setsid sleep 985 & true}
uml_wait never 60
END
status=0
env UML_PATIENCE=1 UML_LIMIT= UML_OUT="$work/out" KERNEL="$work/kernel" MINI=/dev/null \
	"$lib/one" "$work/script.exp" >"$work/output" 2>&1 </dev/null || status=$?
status_is 124 "a script over its limit"
gone 985
ok $? "takes its guest with it too"

# ---- the runner

cat >"$work/pass.t" <<'END'
#!/bin/sh
printf '1..2\nok 1\nok 2\n'
END
cat >"$work/fail.t" <<'END'
#!/bin/sh
printf '1..2\nok 1\nnot ok 2\n'
END
cat >"$work/break.t" <<'END'
#!/bin/sh
echo 'ok 1 - so far'
echo 'no such thing' >&2
exit 3
END
cat >"$work/hang.t" <<'END'
#!/bin/sh
# limit: 1
echo 'ok 1 - so far'
exec sleep 20
END
cat >"$work/odd.t" <<'END'
#!/bin/sh
printf '1..1\nok 1 - all\n'
exit 5
END
cat >"$work/wordy.t" <<'END'
#!/bin/sh
printf 'ok 1 - fine\n# not this\nnot ok 2 - worse\n# because\n# of %0300d\n'
printf 'ok 3\nnot ok 4 - later # TODO\n# as known\nnot ok 5 - too\n1..5\n'
exit 1
END
cat >"$work/many.t" <<'END'
#!/bin/sh
for i in $(seq 30); do printf 'not ok %d - x\n# y\n' "$i"; done
echo 1..30
exit 1
END
cat >"$work/long.t" <<'END'
#!/bin/sh
printf '1..1\nnot ok 1 - x\n'
seq -f '# line %g' 1000
exit 1
END
chmod +x "$work"/*.t
backend=
runner()
{
	status=0
	env UML_PATIENCE=1 UML_LIMIT= UML_OUT="$work/out" KERNEL="$work/kernel" MINI=/dev/null DEBIAN=/dev/null \
		TRAP="$backend" "$top/tests/run" "$@" >"$work/output" 2>&1 </dev/null || status=$?
}

# What the runner says between the heading and the closing line.
report()
{
	sed '1,/^What failed:$/d; $d' "$work/output"
}

report_is()
{
	cat >"$work/wanted"
	status=0
	report | diff "$work/wanted" - >"$work/difference" || status=$?
	cat "$work/difference" >>"$work/output"
	ok $status "$1"
}

runner "$work/pass.t"
status_is 0 "the runner, all pass"
says '^2 passed, 0 failed$' "counts them"
runner "$work/pass.t" "$work/fail.t"
status_is 1 "the runner, one fails"
says '^3 passed, 1 failed$' "counts that"
runner "$work/pass.t" "$work/break.t"
status_is 1 "the runner, one breaks off"
says '^3 passed, 1 failed$' "counts that"
report_is "says so, with its last words" <<'END'
break.t: broke off, status 3, after: ok 1 - so far
    no such thing
END
runner "$work/nosuch.t"
status_is 1 "the runner, no such test"

runner "$work/hang.t"
report_is "a script over its limit is reported" <<'END'
hang.t: stopped at its limit of 1 s, after: ok 1 - so far
END
runner "$work/odd.t"
report_is "a status that no check explains is reported" <<'END'
odd.t: status 5, though no check failed, after: ok 1 - all
END
backend=any
runner "$work/pass.t" "$work/wordy.t"
report_is "a check that failed is reported, with what it saw" <<END
wordy.t, trap=any: not ok 2 - worse
    because
    of $(printf '%0193d' 0)
wordy.t, trap=any: not ok 5 - too
END
runner "$work/pass.t"
! grep -q '^What failed' "$work/output"
ok $? "when nothing failed, nothing is reported"
runner "$work/many.t"
[ "$(report | wc -l)" -eq 19 ] && report | grep -q '^and 12 more$'
ok $? "of many, the report says how many more"
runner "$work/long.t"
report_is "of a long explanation it has both ends" <<END
long.t, trap=any: not ok 1 - x
$(seq -f '    line %g' 9)
... line 992
$(seq -f '    line %g' 993 1000)
END

echo "1..$count"
exit $((failed > 0))
