# Completions of claude-worker for fish. The program says what can stand at the cursor.
function __claude_worker_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    command -q $program; or set program claude-worker
    set -l lines ($program __complete fish $words[2..-1] "$current" 2>/dev/null </dev/null)
    # The path behind an equals sign is completed, and the option stays before it.
    set -l option (string match -r -- '^--[^=]+=' "$current")
    set -l path (string replace -r -- '^--[^=]+=' '' "$current")
    switch "$lines[1]"
        case files
            printf '%s\n' "$option"(__fish_complete_path "$path")
        case directories
            printf '%s\n' "$option"(__fish_complete_directories "$path" '')
        case words
            set -e lines[1]
            printf '%s\n' $lines
    end
end
complete -c claude-worker -k -f -a '(__claude_worker_complete)'
