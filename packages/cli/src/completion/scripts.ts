export type ShellName = 'bash' | 'zsh' | 'fish'

/** Each script asks `knest __complete -- WORDS` and gets lines of `candidate<TAB>description`. */
export function completionScript(shell: ShellName): string {
  return scripts[shell]
}

const bash = `# bash completion for knest
_knest() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(knest __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _knest knest
`

const zsh = `#compdef knest
# zsh completion for knest
_knest() {
  local line
  local -a found
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(knest __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then
    _describe knest found
  else
    _files
  fi
}
if [ "\${funcstack[1]}" = _knest ]; then
  _knest "$@"
else
  compdef _knest knest
fi
`

const fish = `# fish completion for knest
function __knest_offers
  set -l words (commandline -opc)
  set -e words[1]
  set -l current (commandline -ct)
  set -g __knest_found (knest __complete -- $words "$current" 2>/dev/null)
  test (count $__knest_found) -gt 0
end
complete -c knest -n __knest_offers -f -a '$__knest_found'
`

const scripts: Readonly<Record<ShellName, string>> = { bash, zsh, fish }
