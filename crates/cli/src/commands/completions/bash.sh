# Completions of claude-worker for bash. The program says what can stand at the cursor.
_claude_worker() {
    local program line kind='' current=${COMP_WORDS[COMP_CWORD]}
    local -a values=() abouts=()
    program=${COMP_WORDS[0]/#\~/$HOME}
    type -P -- "$program" >/dev/null 2>&1 || program=claude-worker
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            values+=("${line%%$'\t'*}")
            if [[ $line == *$'\t'* ]]; then abouts+=("${line#*$'\t'}"); else abouts+=(''); fi
        fi
    done < <("$program" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
    [[ $current == '=' ]] && current=''
    case $kind in
        files | directories)
            compopt -o filenames 2>/dev/null
            local how=-f
            [[ $kind == directories ]] && how=-d
            while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$how" -- "$current")
            ;;
        words)
            compopt -o nosort 2>/dev/null
            local at value
            for at in "${!values[@]}"; do
                value=${values[at]}
                [[ $value == *[^[:alnum:]_.,:=/@%+-]* ]] && printf -v value '%q' "$value"
                # Where candidates are listed, and not inserted one after another, with descriptions.
                if ((${#values[@]} > 1)) && [[ ${COMP_TYPE:-9} == @(9|63) && -n ${abouts[at]} ]]; then
                    printf -v value '%-20s  (%s)' "$value" "${abouts[at]}"
                fi
                COMPREPLY+=("$value")
            done
            ;;
    esac
}
complete -F _claude_worker claude-worker
