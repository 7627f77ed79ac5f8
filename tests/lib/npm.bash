# tests/lib/npm.bash: what tests/npm/package.json has, for the tests that check with it.
#
#   npm_needed PACKAGE   leaves this test out where the package is not installed
#   node_needed MAJOR    the same where node is older than that
#   NPM                  the directory of packages
#
# shellcheck shell=bash
# shellcheck disable=SC2034 # what a test reads

NPM=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)/npm/node_modules

npm_needed() {
  command -v node >/dev/null || skip 'there is no node: etc/setup npm installs it'
  [ -e "$NPM/$1/package.json" ] || skip "npm's $1 is not installed: etc/setup npm"
}

node_needed() {
  local version
  version=$(node --version)
  version=${version#v}
  [ "${version%%.*}" -ge "$1" ] || skip "node is $version, and this needs $1: etc/setup npm takes the one that is first in PATH"
}
