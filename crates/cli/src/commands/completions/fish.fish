# Completions of claude-worker for fish. The program says what can stand at the cursor.
function __claude_worker_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $words[1])
    command -q $program; or set program claude-worker
    set -l lines ($program __complete fish $words[2..-1] "$current" 2>/dev/null </dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case directories
            __fish_complete_directories "$current" ''
        case words
            set -e lines[1]
            printf '%s\n' $lines
    end
end
complete -c claude-worker -f -a '(__claude_worker_complete)'
