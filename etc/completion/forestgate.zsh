#compdef forestgate
# _forestgate: completion for zsh, printed by: forestgate completion zsh
#
# It knows no word itself: the program tells what fits, from its own tables and the home.
# It goes into a directory of $fpath as _forestgate, or is sourced behind compinit.

_forestgate() {
  local line files='' program=${~words[1]}
  local -a found shown space
  while IFS= read -r line; do
    case $line in
    :files) files=yes ;;
    :directories) files=directories ;;
    :nospace) space=(-S '') ;;
    *)
      found+=("${line%%$'\t'*}")
      if [[ $line == *$'\t'* ]]; then
        shown+=("${line%%$'\t'*}  -- ${line#*$'\t'}")
      else
        shown+=("$line")
      fi
      ;;
    esac
  done < <($program completion --words "${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then compadd -l -d shown "${space[@]}" -a found; fi
  if [[ -n $files && $PREFIX == --*=* ]]; then compset -P '*='; fi
  case $files in
  yes) _files ;;
  directories) _files -/ ;;
  esac
}

if [[ ${funcstack[1]:-} == _forestgate ]]; then
  _forestgate "$@"
else
  compdef _forestgate forestgate
fi
