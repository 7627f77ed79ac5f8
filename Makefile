# Forestgate.  The two commands of a newcomer: make run, make test.
#
#   make run        everything from a bare Debian to a served prediction (DEMO=1: with an
#                   administrator for as long as it runs)
#   make test       every test          make bench      figures, as ratios
#   make examples   the models of model/
#   make            the two programs    make install, make uninstall PREFIX= DESTDIR=
#   make hosting    a tarball for a shared host, where nothing can be installed
#   make siege      the fronts under slow clients, as ratios
#   make lint       make sanitize       make clean
#   make docs-ui    builds Swagger UI in, for /docs (from npm)
#   make fuzz SECONDS=     each fuzzer for so long; FUZZERS='url json' are those alone
#
# User CFLAGS, CPPFLAGS and LDFLAGS are added; the flags in MUST_* always hold.

VERSION = 0.1.0
BUILD ?= build
# One spelling for one place: what was compiled there tells its headers by it.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
CFLAGS ?= -O2 -g
SECONDS ?= 60

PKGS = sqlite3 libcrypto json-c
MUST_CPPFLAGS = -Isrc -I$(BUILD) -D_GNU_SOURCE -DFORESTGATE_VERSION='"$(VERSION)"' -MMD -MP
# What not every compiler or machine has: marks for jumps (CET), stacks that are touched page
# by page, and what is not set is zero.
cc_has = $(foreach flag,$(1),$(shell echo 'int a;' | $(CC) -Werror $(flag) -xc -c -o /dev/null - \
	2>/dev/null && echo $(flag)))
HARDENED := $(call cc_has,-fcf-protection=full -fstack-clash-protection)
MUST_CFLAGS = -std=c11 -fPIE -ffp-contract=off -fno-strict-aliasing \
	-fstack-protector-strong $(HARDENED) -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla
MUST_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed
# The fortify macros need optimisation and are in the sanitizers' way.
ifeq ($(SANITIZE),)
MUST_CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
else
MUST_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
MUST_LDFLAGS += -fsanitize=$(SANITIZE)
endif

LIBS = -lfcgi -linih -lsqlite3 -lcrypto -lcrypt -ljson-c -lseccomp -lz -lpthread -lm
CLI_LIBS = $(LIBS) -lcurl
# One short line a step; make V=1 shows the whole commands.
Q = $(if $(V),,@)
SAY = @$(if $(V),:,printf '  %-7s %s\n')

COMPILE = $(CC) $(MUST_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) $(MUST_CFLAGS)

PROGRAMS = $(BUILD)/forestgate.fcgi $(BUILD)/forestgate
MAINS = src/cmd/worker.c src/cmd/forestgate.c
# What stands for other files where a program is linked statically: libcurl needs more than
# there are static libraries of.
OF_STATIC = src/cmd/post_none.c src/cmd/doctor_http_program.c src/base/names_static.c
NOT_STATIC = src/cmd/post.c src/cmd/curl_plain.c src/cmd/doctor_http_curl.c src/base/names.c
HOUSE = $(filter-out $(MAINS) $(OF_STATIC),$(wildcard src/*/*.c))
HOUSE_O = $(HOUSE:%.c=$(BUILD)/%.o)
LIB = $(BUILD)/libforestgate.a
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

all: $(PROGRAMS) $(BUILD)/errors
	@:

$(LIB): $(HOUSE_O)
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/forestgate.fcgi: $(BUILD)/src/cmd/worker.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/forestgate: $(BUILD)/src/cmd/forestgate.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(CLI_LIBS)

# The version and the flags stand here, so what was compiled by another Makefile is old.
$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(COMPILE) -c -o $@ $<

# The pages are taken in by the assembler, which no -MMD sees.  That a file came or went is seen
# by their list, which is another then.
PAGES = $(sort $(wildcard www/*.* www/ui/* www/docs-ui/*))
PAGES_OF_NOW := $(shell mkdir -p $(BUILD) && { echo '$(PAGES)' | cmp -s - $(BUILD)/pages.list || \
	echo '$(PAGES)' >$(BUILD)/pages.list; } 2>/dev/null)
$(BUILD)/pages_table.inc: src/http/pages.sh $(BUILD)/pages.list $(PAGES)
	@mkdir -p $(@D)
	$(Q)$< $(PAGES) >$@.new && mv $@.new $@
$(BUILD)/src/http/pages.o: $(BUILD)/pages_table.inc

# Swagger UI, as npm has it and tests/npm/package-lock.json pins it.  docs-ui builds it in from
# then on, until www/docs-ui is removed; the tests have a worker of their own with it.
DOCS_FILES = swagger-ui-bundle.js swagger-ui.css
DOCS_FROM = tests/npm/node_modules/swagger-ui-dist
DOCS_TESTED = $(if $(wildcard $(DOCS_FROM)),$(BUILD)/docs/forestgate.fcgi)
docs-ui:
	@etc/setup npm
	@mkdir -p www/docs-ui
	@cp $(DOCS_FILES:%=$(DOCS_FROM)/%) $(DOCS_FROM)/LICENSE www/docs-ui/
	@$(MAKE) --no-print-directory all
$(BUILD)/docs/pages_table.inc: src/http/pages.sh $(BUILD)/pages.list $(PAGES)
	@mkdir -p $(@D)
	$(Q)$< $(filter-out www/docs-ui/%,$(PAGES)) $(DOCS_FILES:%=$(DOCS_FROM)/%) >$@.new && mv $@.new $@
$(BUILD)/docs/pages.o: src/http/pages.c $(BUILD)/docs/pages_table.inc
	$(SAY) CC $@
	$(Q)$(CC) -I$(@D) $(MUST_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) $(MUST_CFLAGS) -c -o $@ $<
$(BUILD)/docs/forestgate.fcgi: $(BUILD)/src/cmd/worker.o $(BUILD)/docs/pages.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/src/cmd/front_texts.o: $(wildcard etc/*.tsv etc/*/*.in)
$(BUILD)/src/cmd/completion_texts.o: $(wildcard etc/completion/*)

unit: $(UNIT)
$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/unit/fixture.o $(BUILD)/tests/unit/oracle.o $(LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ -lcmocka $(CLI_LIBS)

$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(LIBS)

# What the tests of the service run beside it.
tools: $(BUILD)/load $(BUILD)/ask $(BUILD)/drive $(BUILD)/jose $(BUILD)/jobs $(BUILD)/without $(BUILD)/openapi.json $(DOCS_TESTED)
$(BUILD)/openapi.json: $(BUILD)/document
	$(Q)$< >$@.new && mv $@.new $@
$(BUILD)/document: $(BUILD)/tests/lib/document.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/without: $(BUILD)/tests/lib/without.o
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ -lseccomp
$(BUILD)/jobs: $(BUILD)/tests/lib/jobs.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/jose: $(BUILD)/tests/lib/jose.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/load $(BUILD)/ask: $(BUILD)/%: $(BUILD)/tests/lib/%.o
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^

$(BUILD)/drive: $(BUILD)/tests/lib/drive.o
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ -ljson-c

# No program is fuzzed, so nothing of src/cmd/ is built for it.
FUZZ_LIB = $(BUILD)/libfuzz.a
fuzzers: $(FUZZ)
$(FUZZ_LIB): $(filter-out $(BUILD)/src/cmd/%,$(HOUSE_O))
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

# What is missing is installed first, so that the build finds it.  A shell starts what
# it puts in the background with Ctrl-C ignored, which no trap can undo; env can.
run:
	@etc/setup run $(or $(FRONT),lighttpd)
	@$(MAKE) --no-print-directory all
	@exec env --default-signal=INT,TERM,HUP BUILD='$(BUILD)' PORT='$(PORT)' STATE='$(STATE)' \
		FRONT='$(FRONT)' WORKERS='$(WORKERS)' RUN_USER='$(RUN_USER)' DEMO='$(DEMO)' etc/run

# The bodies of what a front answers itself, for a configuration that is printed.
$(BUILD)/errors: $(BUILD)/forestgate
	$(Q)$(BUILD)/forestgate front errors --out $@ && mkdir -p $@/empty && touch $@

# The models of model/, each from its data in a second or so, into $(BUILD)/examples/.
examples: iris houses sentiment
iris: $(BUILD)/examples/iris.fgm
houses: $(BUILD)/examples/houses.fgm
sentiment: $(BUILD)/examples/sentiment.fgm
$(BUILD)/examples/iris.fgm: TRAIN = --target species
$(BUILD)/examples/houses.fgm: TRAIN = --target price
$(BUILD)/examples/sentiment.fgm: TRAIN = --target sentiment --text text
$(BUILD)/examples/%.fgm: model/%.csv $(BUILD)/forestgate
	@mkdir -p $(@D)
	$(SAY) TRAIN $@
	$(Q)$(BUILD)/forestgate model train $< $(TRAIN) -o $@

test:
	@etc/setup test
	@BUILD='$(BUILD)' MAKE='$(MAKE)' tests/run

lint:
	@etc/setup test
	@$(MAKE) --no-print-directory all
	@BUILD='$(BUILD)' tests/lint && tests/floors && BUILD='$(BUILD)' tests/docs

sanitize:
	@etc/setup test
	@BUILD='$(BUILD)' MAKE='$(MAKE)' tests/run sanitize

fuzz:
	@etc/setup test
	@BUILD='$(BUILD)' MAKE='$(MAKE)' FUZZ_SECONDS='$(SECONDS)' FUZZERS='$(FUZZERS)' tests/run fuzz

bench:
	@etc/setup bench
	@$(MAKE) --no-print-directory all $(BUILD)/bench/ledger $(BUILD)/bench/body \
		$(BUILD)/bench/large $(BUILD)/bench/jobs $(BUILD)/jobs
	@$(BUILD)/bench/ledger
	@$(BUILD)/bench/body $(BODY_MODEL)
	@BUILD='$(BUILD)' tests/bench/serve
	@BUILD='$(BUILD)' tests/bench/bulk
	@BUILD='$(BUILD)' tests/bench/oip
	@BUILD='$(BUILD)' tests/bench/jobs
	@tests/bench/train_compare '$(BUILD)/forestgate'
	@tests/bench/forest '$(BUILD)/forestgate'
	@tests/bench/explain '$(BUILD)/forestgate'
	@tests/bench/enumeration '$(BUILD)'
	@$(BUILD)/bench/large $(LARGE_MB)

# Two programs that need nothing but a kernel, and how to set them up.  Whoever packs the same
# sources twice with the same tools gets the same bytes.
HOSTED = forestgate-$(VERSION)-$(shell uname -m)
hosting: $(BUILD)/$(HOSTED).tar.gz
$(BUILD)/$(HOSTED).tar.gz: $(BUILD)/hosting/forestgate $(BUILD)/hosting/forestgate.fcgi \
		etc/hosting/README.txt LICENSE model/iris.csv
	@rm -rf $(BUILD)/$(HOSTED) && mkdir -p $(BUILD)/$(HOSTED)
	@install -m 755 $(BUILD)/hosting/forestgate $(BUILD)/hosting/forestgate.fcgi $(BUILD)/$(HOSTED)
	@install -m 644 etc/hosting/README.txt LICENSE model/iris.csv $(BUILD)/$(HOSTED)
	$(SAY) TAR $@
	$(Q)tar -C $(BUILD) --sort=name --mtime=@$(or $(SOURCE_DATE_EPOCH),0) --owner=0 --group=0 \
		--numeric-owner -cf - $(HOSTED) | gzip -9n >$@.new && mv $@.new $@
	@rm -rf $(BUILD)/$(HOSTED)
HOSTED_LIB = $(BUILD)/hosting/libforestgate.a
$(HOSTED_LIB): $(filter-out $(NOT_STATIC:%.c=$(BUILD)/%.o),$(HOUSE_O)) $(OF_STATIC:%.c=$(BUILD)/%.o)
	@mkdir -p $(@D)
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^
# The linker warns of each look-up of a name, which names_static.c has made safe.  Of a link that
# fails it is to say why.
HOSTED_LINK = $(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -static-pie -s -o
$(BUILD)/hosting/forestgate: $(BUILD)/src/cmd/forestgate.o
$(BUILD)/hosting/forestgate.fcgi: $(BUILD)/src/cmd/worker.o
$(BUILD)/hosting/forestgate $(BUILD)/hosting/forestgate.fcgi: $(HOSTED_LIB)
	$(SAY) LINK $@
	$(Q)$(HOSTED_LINK) $@ $(filter %.o,$^) $(HOSTED_LIB) $(LIBS) -Wl,--no-warnings || \
		$(HOSTED_LINK) $@ $(filter %.o,$^) $(HOSTED_LIB) $(LIBS)

siege:
	@etc/setup siege
	@$(MAKE) --no-print-directory all
	@BUILD='$(BUILD)' tests/bench/siege $(FRONT)

# By the Filesystem Hierarchy Standard: the worker is no command of a person's.  What logrotate
# and AppArmor read is configuration, which they look for in /etc alone; below another prefix
# it is there to be linked or copied.
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
SHARE = $(DESTDIR)$(PREFIX)/share/forestgate
MAN = $(DESTDIR)$(PREFIX)/share/man
SYSTEMD = $(DESTDIR)$(PREFIX)/lib
# Debian's zsh looks for what packages bring elsewhere than for what is local.
ZSH_COMPLETIONS ?= $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
COMPLETIONS = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
FISH_COMPLETIONS = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
SERVICES = forestgate forestgate-work forestgate-webhooks forestgate-backup
UNITS = $(SERVICES:%=%.service) forestgate.socket forestgate-backup.timer
PROFILE = usr.lib.forestgate.forestgate.fcgi
# What names the programs is told where they are.
PLACED = sed 's|/usr/lib/forestgate/|$(PREFIX)/lib/forestgate/|g; s|/usr/bin/forestgate|$(PREFIX)/bin/forestgate|g'
install: all $(BUILD)/examples/sentiment.fgm
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/lib/forestgate' \
		'$(SHARE)/errors/empty' '$(SHARE)/model' '$(SHARE)/grafana' \
		'$(MAN)/man1' '$(MAN)/man5' '$(MAN)/man8' '$(SYSTEMD)/systemd/system' \
		'$(SYSTEMD)/sysusers.d' '$(SYSTEMD)/tmpfiles.d' \
		'$(DESTDIR)$(SYSCONFDIR)/logrotate.d' '$(DESTDIR)$(SYSCONFDIR)/apparmor.d' \
		'$(COMPLETIONS)' '$(DESTDIR)$(ZSH_COMPLETIONS)' '$(FISH_COMPLETIONS)'
	install -m 755 $(BUILD)/forestgate '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 $(BUILD)/forestgate.fcgi '$(DESTDIR)$(PREFIX)/lib/forestgate'
	install -m 644 model/iris.csv model/houses.csv model/sentiment.csv '$(SHARE)/model'
	install -m 644 $(BUILD)/examples/sentiment.fgm '$(SHARE)/model'
	install -m 755 model/export_sklearn.py '$(SHARE)/model'
	install -m 644 etc/grafana/forestgate.json '$(SHARE)/grafana'
	install -m 644 $(BUILD)/errors/*.json $(BUILD)/errors/*.html '$(SHARE)/errors'
	install -m 644 systemd/forestgate.socket systemd/forestgate-backup.timer \
		$(SERVICES:%=systemd/%.service) '$(SYSTEMD)/systemd/system'
	for unit in $(SERVICES); do $(PLACED) "systemd/$$unit.service" \
		>'$(SYSTEMD)/systemd/system/'"$$unit.service" || exit 1; done
	install -m 644 systemd/sysusers.d/forestgate.conf '$(SYSTEMD)/sysusers.d'
	install -m 644 systemd/tmpfiles.d/forestgate.conf '$(SYSTEMD)/tmpfiles.d'
	install -m 644 etc/logrotate/forestgate '$(DESTDIR)$(SYSCONFDIR)/logrotate.d'
	install -m 644 etc/apparmor/$(PROFILE) '$(DESTDIR)$(SYSCONFDIR)/apparmor.d'
	$(PLACED) etc/apparmor/$(PROFILE) >'$(DESTDIR)$(SYSCONFDIR)/apparmor.d/$(PROFILE)'
	install -m 644 etc/completion/forestgate.bash '$(COMPLETIONS)/forestgate'
	install -m 644 etc/completion/forestgate.zsh '$(DESTDIR)$(ZSH_COMPLETIONS)/_forestgate'
	install -m 644 etc/completion/forestgate.fish '$(FISH_COMPLETIONS)'
	install -m 644 doc/forestgate.1 '$(MAN)/man1'
	install -m 644 doc/forestgate.conf.5 '$(MAN)/man5'
	install -m 644 doc/forestgate.fcgi.8 '$(MAN)/man8'

# What install has put there, and nothing of what was made since: homes, backups, the front's
# configuration and the user are whoever's they are.
uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/forestgate' '$(DESTDIR)$(PREFIX)/lib/forestgate/forestgate.fcgi' \
		$(UNITS:%='$(SYSTEMD)/systemd/system/%') \
		'$(SYSTEMD)/sysusers.d/forestgate.conf' '$(SYSTEMD)/tmpfiles.d/forestgate.conf' \
		'$(DESTDIR)$(SYSCONFDIR)/logrotate.d/forestgate' '$(DESTDIR)$(SYSCONFDIR)/apparmor.d/$(PROFILE)' \
		'$(COMPLETIONS)/forestgate' '$(DESTDIR)$(ZSH_COMPLETIONS)/_forestgate' \
		'$(FISH_COMPLETIONS)/forestgate.fish' '$(MAN)/man1/forestgate.1' \
		'$(MAN)/man5/forestgate.conf.5' '$(MAN)/man8/forestgate.fcgi.8'
	rm -rf '$(SHARE)'
	if [ -d '$(DESTDIR)$(PREFIX)/lib/forestgate' ]; then \
		rmdir --ignore-fail-on-non-empty '$(DESTDIR)$(PREFIX)/lib/forestgate'; fi

help:
	@sed -n '/^# Forestgate/,/^$$/s/^# \{0,1\}//p' Makefile

clean:
	rm -rf $(BUILD)

.PHONY: docs-ui hosting examples iris houses sentiment all unit tools fuzzers run test lint sanitize fuzz bench siege install uninstall help clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
