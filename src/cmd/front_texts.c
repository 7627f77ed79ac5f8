/*
 * front_texts.c: templates of etc/, built in.
 */
#include "cmd/front_texts.h"

#include "base/embed.h"

EMBED(front_lighttpd, "etc/lighttpd/forestgate.conf.in");
EMBED(front_apache, "etc/apache/forestgate.conf.in");
EMBED(front_nginx, "etc/nginx/forestgate.conf.in");
EMBED(front_htaccess, "etc/apache/htaccess.in");
EMBED(front_nftables, "etc/nftables/forestgate.nft.in");
EMBED(front_errors, "etc/errors.tsv");
