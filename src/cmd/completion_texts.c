/*
 * completion_texts.c: scripts of etc/completion/, built in.
 */
#include "cmd/completion_texts.h"

#include "base/embed.h"

EMBED(completion_bash, "etc/completion/forestgate.bash");
EMBED(completion_zsh, "etc/completion/forestgate.zsh");
EMBED(completion_fish, "etc/completion/forestgate.fish");
