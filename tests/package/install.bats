#!/usr/bin/env bats
# tests/package/install.bats: what make install puts where, and that the system's own programs
# take it.

# shellcheck disable=SC2154 # set by bats or by lib/api
bats_require_minimum_version 1.5.0
load ../lib/api

setup_file() {
  # As a packager has it.
  make -s -C "$TOP" BUILD="$BUILD" DESTDIR="$G/root" PREFIX=/usr install >/dev/null
}

installed() { cd "$1" && find . -type f -printf '%P %m\n' | LC_ALL=C sort; }

@test "everything is installed, and nothing else" {
  {
    echo usr/bin/forestgate 755
    echo usr/lib/forestgate/forestgate.fcgi 755
    cd "$TOP"
    for file in systemd/*.service systemd/*.socket systemd/*.timer; do echo "usr/lib/systemd/system/${file#systemd/} 644"; done
    for file in systemd/sysusers.d/* systemd/tmpfiles.d/*; do echo "usr/lib/${file#systemd/} 644"; done
    for file in etc/logrotate/*; do echo "etc/logrotate.d/${file##*/} 644"; done
    for file in etc/apparmor/*; do echo "etc/apparmor.d/${file##*/} 644"; done
    cut -f1 etc/errors.tsv | grep '^[0-9]' | sed 's|.*|usr/share/forestgate/errors/&.html 644\nusr/share/forestgate/errors/&.json 644|'
    for file in model/*.csv; do echo "usr/share/forestgate/$file 644"; done
    echo usr/share/forestgate/model/sentiment.fgm 644
    echo usr/share/forestgate/grafana/forestgate.json 644
    echo usr/share/forestgate/model/export_sklearn.py 755
    echo usr/share/bash-completion/completions/forestgate 644
    echo usr/share/fish/vendor_completions.d/forestgate.fish 644
    echo usr/share/zsh/vendor-completions/_forestgate 644
    for page in doc/*.[158]; do echo "usr/share/man/man${page##*.}/${page#doc/} 644"; done
  } | LC_ALL=C sort >"$BATS_TEST_TMPDIR/want"
  diff "$BATS_TEST_TMPDIR/want" <(installed "$G/root")
}

@test "below another prefix everything is below it, and names the programs there" {
  make -s -C "$TOP" BUILD="$BUILD" DESTDIR="$G/opt" PREFIX=/opt/gate install >/dev/null
  # Where zsh looks for what is local.
  diff <(installed "$G/root" | sed 's|^usr/||; s|/vendor-completions/|/site-functions/|' | LC_ALL=C sort) <(installed "$G/opt/opt/gate")
  [ "$(ls "$G/opt")" = opt ]
  cd "$G/opt/opt/gate"
  run ! grep -rE '/usr/(lib/forestgate|bin/forestgate)' lib/systemd lib/sysusers.d lib/tmpfiles.d etc
  for unit in lib/systemd/system/*.service; do
    program=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$unit")
    [ -x "$G/opt$program" ] || fail "$unit starts $program"
  done
  grep -q '^profile forestgate.fcgi /opt/gate/lib/forestgate/forestgate.fcgi {' etc/apparmor.d/*
}

@test "what was installed is taken away again, and nothing else" {
  cp -a "$G/root" "$G/away"
  mkdir -p "$G/away/var/lib/forestgate" "$G/away/usr/lib/forestgate"
  touch "$G/away/var/lib/forestgate/forestgate.conf" "$G/away/usr/lib/forestgate/mine"
  make -s -C "$TOP" BUILD="$BUILD" DESTDIR="$G/away" PREFIX=/usr uninstall
  [ "$(installed "$G/away")" = $'usr/lib/forestgate/mine 644\nvar/lib/forestgate/forestgate.conf 644' ] || fail "$(installed "$G/away")"
  rm "$G/away/usr/lib/forestgate/mine"
  make -s -C "$TOP" BUILD="$BUILD" DESTDIR="$G/away" PREFIX=/usr uninstall
  if [ -e "$G/away/usr/lib/forestgate" ] || [ -e "$G/away/usr/share/forestgate" ]; then fail 'a directory of ours is left'; fi
}

@test "systemd makes the user, who cannot log in, and the directories, which are its own" {
  for program in systemd-sysusers systemd-tmpfiles; do
    command -v $program >/dev/null || skip "this needs $program"
  done
  am_root || skip 'only root can give files away'
  mkdir -p "$G/root/etc"
  # Debian has both in each system.
  printf 'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/usr/sbin/nologin\n' >"$G/root/etc/passwd"
  printf 'root:x:0:\nwww-data:x:33:\n' >"$G/root/etc/group"
  systemd-sysusers --root="$G/root"
  systemd-tmpfiles --root="$G/root" --create
  uid=$(awk -F: '$1 == "forestgate" && $7 == "/usr/sbin/nologin" {print $3}' "$G/root/etc/passwd")
  ((uid > 0 && uid < 1000))
  grep -q '^forestgate:!\*:' "$G/root/etc/shadow"
  for directory in "var/lib/forestgate 700 $uid" "var/backups/forestgate 700 $uid" 'run/forestgate 755 0' 'run/forestgate-front 755 0' 'run/forestgate-front/work 700 33'; do
    [ "$(cd "$G/root" && stat -c '%n %a %u' "${directory%% *}")" = "$directory" ] || fail "$directory" "$(ls -ln "$G/root/${directory%% *}")"
  done
  # init takes such a home and leaves it to its owner, who has to be known here for that.
  chown www-data:www-data "$G/root/var/lib/forestgate"
  "$FORESTGATE" init --home "$G/root/var/lib/forestgate" >/dev/null
  [ "$(cd "$G/root/var/lib/forestgate" && stat -c '%a %U' . forestgate.db)" = $'700 www-data\n600 www-data' ]
}

@test "AppArmor understands the profile, and that a fault would be one" {
  profile=$G/root/etc/apparmor.d/usr.lib.forestgate.forestgate.fcgi
  parse() { apparmor_parser --skip-kernel-load --skip-cache --quiet "$1"; }
  parse "$profile" 2>"$BATS_TEST_TMPDIR/said" || fail "$(cat "$BATS_TEST_TMPDIR/said")"
  run ! grep -v '^Cache read/write disabled' "$BATS_TEST_TMPDIR/said"
  sed 's/rwkl,/rwkq,/' "$profile" >"$BATS_TEST_TMPDIR/profile"
  run ! parse "$BATS_TEST_TMPDIR/profile"
}
