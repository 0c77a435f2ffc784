#compdef claude-worker
# Completions of claude-worker for zsh. The program says what can stand at the cursor.
_claude-worker() {
    local program=${~words[1]} kind line
    local -a lines described
    (( $+commands[$program] )) || [[ -x $program ]] || program=claude-worker
    lines=("${(@f)$("$program" __complete zsh "${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
    kind=$lines[1]
    # The shell completes the path behind an equals sign, and not the whole word.
    [[ $kind == (files|directories) && ${words[CURRENT]} == --*=* ]] && compset -P 1 '*='
    case $kind in
        files) _files ;;
        directories) _files -/ ;;
        words)
            for line in "${(@)lines[2,-1]}"; do
                described+=("${${line%%$'\t'*}//:/\\:}${${(M)line:#*$'\t'*}:+:${line#*$'\t'}}")
            done
            (( $#described )) && _describe -V -t candidates 'claude-worker' described
            ;;
    esac
}
if [[ $funcstack[1] == _claude-worker ]]; then
    _claude-worker "$@"
else
    compdef _claude-worker claude-worker
fi
