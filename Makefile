# Forestgate.  The two commands of a newcomer: make run, make test.
#
#   make run        everything from a bare Debian to a served prediction
#   make test       every test          make bench      figures, as ratios
#   make            the two programs    make install PREFIX= DESTDIR=
#   make lint       make sanitize       make fuzz SECONDS=   make clean
#
# User CFLAGS, CPPFLAGS and LDFLAGS are added; the flags in MUST_* always hold.

VERSION = 0.1.0
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
CFLAGS ?= -O2 -g
SECONDS ?= 60

PKGS = sqlite3 libcrypto json-c
MUST_CPPFLAGS = -Isrc -I$(BUILD) -D_GNU_SOURCE -DFORESTGATE_VERSION='"$(VERSION)"' -MMD -MP
MUST_CFLAGS = -std=c11 -fPIE -ffp-contract=off -fno-strict-aliasing \
	-fstack-protector-strong -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wformat=2 -Wundef -Wvla
MUST_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed
# The fortify macros need optimisation and are in the sanitizers' way.
ifeq ($(SANITIZE),)
MUST_CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
else
MUST_CFLAGS += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
MUST_LDFLAGS += -fsanitize=$(SANITIZE)
endif

LIBS = -lfcgi -linih -lsqlite3 -lcrypto -ljson-c -lpthread -lm
# One short line a step; make V=1 shows the whole commands.
Q = $(if $(V),,@)
SAY = @$(if $(V),:,printf '  %-7s %s\n')

COMPILE = $(CC) $(MUST_CPPFLAGS) $(CPPFLAGS) $(CFLAGS) $(MUST_CFLAGS)

PROGRAMS = $(BUILD)/forestgate.fcgi $(BUILD)/forestgate
MAINS = src/cmd/worker.c src/cmd/forestgate.c
HOUSE = $(filter-out $(MAINS),$(wildcard src/*/*.c))
HOUSE_O = $(HOUSE:%.c=$(BUILD)/%.o)
LIB = $(BUILD)/libforestgate.a
UNIT = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZ = $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

all: $(PROGRAMS)

$(LIB): $(HOUSE_O)
	$(SAY) AR $@
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/forestgate.fcgi: $(BUILD)/src/cmd/worker.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/forestgate: $(BUILD)/src/cmd/forestgate.o $(LIB)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(COMPILE) -c -o $@ $<

# The pages are taken in by the assembler, which no -MMD sees.
$(BUILD)/src/http/pages.o: $(wildcard www/*)

unit: $(UNIT)
$(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/unit/fixture.o $(LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -o $@ $^ -lcmocka $(LIBS)

fuzzers: $(FUZZ)
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(LIB)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(Q)$(CC) $(CFLAGS) $(MUST_CFLAGS) $(LDFLAGS) $(MUST_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)

clean:
	rm -rf $(BUILD)

.PHONY: all unit fuzzers clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
