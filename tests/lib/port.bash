# tests/lib/port.bash: ports of 127.0.0.1 for the tests that run at once.
#
#   port_free    prints one that nobody listens at, and that no other test has been given
#
# Between the choice of a port and the start of who listens at it there may be a second, in
# which another test would choose the same.  So each choice leaves a file in Bats's directory
# of this run, where the other runs look, and which goes with it.
#
# shellcheck shell=bash

# Both of two who choose at the same moment may see the other, and choose again.
port_free() {
  local port own others
  # Outside of Bats nobody else chooses.
  local run=${BATS_RUN_TMPDIR:-}
  while port=$((20000 + RANDOM % 12000)); do
    own=$run/port.$port
    others=("${run%/*}"/bats-run-*/port."$port")
    if [ -e "${others[0]}" ] || (exec 9<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
    [ -n "$run" ] || break
    : >"$own"
    others=("${run%/*}"/bats-run-*/port."$port")
    if [ "${others[*]}" = "$own" ]; then break; fi
    rm "$own"
  done
  echo "$port"
}
