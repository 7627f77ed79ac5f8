# What the worker may, for AppArmor, whoever started it: systemd, a front, a person.  It is not
# for the command line program, which reads and writes where its user says.
#
#   apparmor_parser -r /etc/apparmor.d/usr.lib.forestgate.forestgate.fcgi
#
# A home elsewhere is named in /etc/apparmor.d/tunables/forestgate.d/:
#   @{FORESTGATE_HOME}+=/srv/forestgate
abi <abi/3.0>,

include <tunables/global>

@{FORESTGATE_HOME}=/var/lib/forestgate
include if exists <tunables/forestgate.d>

profile forestgate.fcgi /usr/lib/forestgate/forestgate.fcgi {
  include <abstractions/base>
  include <abstractions/openssl>

  /usr/lib/forestgate/forestgate.fcgi mr,

  # The home: nothing in it is ever run, and the settings are only read.
  @{FORESTGATE_HOME}/ r,
  @{FORESTGATE_HOME}/** rwkl,
  deny @{FORESTGATE_HOME}/** mx,
  deny @{FORESTGATE_HOME}/forestgate.conf w,

  # Whether the machine was started anew; its own descriptors, which are root's in name, as of
  # every process that leaves no core dump.
  @{PROC}/sys/kernel/random/boot_id r,
  @{PROC}/@{pid}/fd/ r,
  @{PROC}/@{pid}/fd/* rw,
  @{PROC}/@{pid}/ns/pid r,

  # What it inherits: the socket of systemd or of a front, and where that has its messages.
  # By --listen it makes one.
  /run/**.sock* rw,
  /run/lighttpd/** rw,
  /var/lib/apache2/fcgid/** rw,
  /var/log/{apache2,lighttpd,nginx}/* w,
  unix (create, bind, listen, accept, getattr, setattr, getopt, setopt, send, receive, shutdown) type=stream,
  # TCP where a front comes so: connections are taken and none is made.
  network inet stream,
  network inet6 stream,

  # Started by root it becomes the owner of the home, for good.
  capability setuid,
  capability setgid,
  capability dac_read_search,

  # The master and its workers, the front and systemd.
  signal (send, receive) peer=forestgate.fcgi,
  signal (receive) peer=unconfined,

  include if exists <local/usr.lib.forestgate.forestgate.fcgi>
}
