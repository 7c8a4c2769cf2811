# napicheck.bash: completion for bash. Commands, options and kinds are asked of the tool itself, so that they
# are those of the version that is installed.

_napicheck_words() {
  # What `napicheck --help`, `napicheck COMMAND --help=all` and `napicheck explain` list.
  case $1 in
  commands) "$napicheck" --help 2>/dev/null | sed -n 's/^  napicheck \([a-z]*\) .*/\1/p' ;;
  options) "$napicheck" "$2" --help=all 2>/dev/null | grep -o -- '--[a-z][a-z_-]*=\{0,1\}' | sort -u ;;
  kinds) "$napicheck" explain 2>/dev/null | sed -n 's/^  \([a-z-]*\) .*/\1/p' ;;
  pids) ps -u "$(id -u)" -o pid= 2>/dev/null | tr -d ' ' ;;
  esac
}

_napicheck() {
  local napicheck=$1 word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} i
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_napicheck_words commands) --help --version" -- "$word")
    return
  fi
  if [ "$command" = run ]; then
    # After `--`, or the first word that is no option, another program's completion begins.
    for ((i = 2; i < COMP_CWORD; i++)); do
      case ${COMP_WORDS[i]} in
      --) break ;;
      -* | =) ;;
      *) [ "${COMP_WORDS[i - 1]}" = = ] || break ;;
      esac
    done
    if [ "$i" -lt "$COMP_CWORD" ]; then
      [ "${COMP_WORDS[i]}" != -- ] || i=$((i + 1))
      if declare -F _command_offset >/dev/null; then
        _command_offset "$i"
      else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -A command -A file -- "$word")
      fi
      return
    fi
  fi
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_napicheck_words options "$command")" -- "$word")
    [[ ${COMPREPLY[0]:-} != *= ]] || compopt -o nospace 2>/dev/null
    return
  fi
  # Only names of files are quoted as such: an option ends with a bare `=`.
  compopt -o filenames 2>/dev/null
  case $command in
  run) mapfile -t COMPREPLY < <(compgen -A command -- "$word") ;;
  explain) mapfile -t COMPREPLY < <(compgen -W "$(_napicheck_words kinds)" -- "$word") ;;
  top) mapfile -t COMPREPLY < <(compgen -W "$(_napicheck_words pids)" -- "$word") ;;
  clean) mapfile -t COMPREPLY < <(compgen -A directory -- "$word") ;;
  report) mapfile -t COMPREPLY < <(compgen -A file -W "$(_napicheck_words pids)" -- "$word") ;;
  *) mapfile -t COMPREPLY < <(compgen -A file -- "$word") ;;
  esac
}

complete -F _napicheck napicheck
