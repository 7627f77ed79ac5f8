/*
 * front_texts.h: what forestgate front has from etc/, built into the program so that it needs
 * no other file.
 */
#ifndef CMD_FRONT_TEXTS_H
#define CMD_FRONT_TEXTS_H

/* Templates, as template.h has them; each with a NUL behind it. */
extern const char front_lighttpd[];
extern const char front_apache[];
extern const char front_nginx[];
extern const char front_htaccess[];
extern const char front_nftables[];

/* etc/errors.tsv: what a front answers itself. */
extern const char front_errors[];

#endif
