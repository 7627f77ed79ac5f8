#!/bin/sh
# pages.sh: prints the table of pages.c: each file of www/, its type, and an entity tag that is
# another when its bytes are.  Run by make at the top of the tree.
set -eu

# What the name of a file says of its path and type; others are not for the web.  Of Swagger UI
# are those that www/docs.html names, wherever they lie.
row() {
  path=/${1#www/}
  case $1 in
  */swagger-ui*) path=/docs/${1##*/} ;;
  esac
  case $1 in
  www/index.html) path=/ type='text/html; charset=utf-8' ;;
  *.html) path=${path%.html} type='text/html; charset=utf-8' ;;
  *.css) type='text/css; charset=utf-8' ;;
  *.js) type='text/javascript; charset=utf-8' ;;
  *.svg) type=image/svg+xml ;;
  *.png) type=image/png ;;
  *) return ;;
  esac
  symbol=page_$(printf %s "${path#/}" | tr -c 'A-Za-z0-9' _)
  tag=$(sha256sum "$1" | cut -c 1-16)
  printf 'EMBED(%s, "%s");\nextern const char %s[], %s_end[];\n' "$symbol" "$1" "$symbol" "$symbol"
  rows="$rows    {\"$path\", \"$type\", \"\\\\\"$tag\\\\\"\", $symbol, ${symbol}_end},
"
}

rows=
for file in "$@"; do row "$file"; done
printf 'static const struct page_file files[] = {\n%b};\n' "$rows"
