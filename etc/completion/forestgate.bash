# forestgate.bash: completion for bash, printed by: forestgate completion bash
#
# It knows no word itself: the program tells what fits, from its own tables and the home.
# Where the package bash-completion is not there, source this from ~/.bashrc.

_forestgate() {
  local program=${1/#\~/$HOME} rest=${COMP_LINE:0:COMP_POINT} words=() last=-1 i word blank
  # What the shell has cut at = and : is put together again, where no blank was between.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blank=${rest%%[![:blank:]]*}
    word=${COMP_WORDS[i]}
    rest=${rest#"$blank$word"}
    if [ "$i" -gt 1 ] && [ -z "$blank" ] && [ -n "$word" ]; then
      words[last]+=$word
    else
      last=$((last + 1))
      words[last]=$word
    fi
  done
  # The shell replaces what stands behind the last of them.
  local breaks=${COMP_WORDBREAKS//[!=:]/} before='' files=''
  word=${words[last]}
  if [ -n "$breaks" ]; then before=${word%"${word##*["$breaks"]}"}; fi
  COMPREPLY=()
  local name
  while IFS=$'\t' read -r name _; do
    case $name in
    :files) files=-f ;;
    :directories) files=-d ;;
    :nospace) compopt -o nospace 2>/dev/null ;;
    *)
      name=${name#"$before"}
      case $name in *[!A-Za-z0-9_@%+=:,./-]*) printf -v name %q "$name" ;; esac
      COMPREPLY+=("$name")
      ;;
    esac
  done < <("$program" completion --words "${words[@]:1}" 2>/dev/null)
  if [ -n "$files" ]; then
    compopt -o filenames 2>/dev/null
    word=${word#"$before"}
    case $word in --*=*) before=${word%%=*}= ;; *) before= ;; esac
    while IFS= read -r name; do
      COMPREPLY+=("$before$name")
    done < <(compgen "$files" -- "${word#"$before"}")
  fi
}
complete -F _forestgate forestgate
