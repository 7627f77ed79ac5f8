# forestgate.fish: completion for fish, printed by: forestgate completion fish
#
# It knows no word itself: the program tells what fits, from its own tables and the home.

function __forestgate_complete
    set -l typed (commandline -opc)
    set -l word (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $typed[1])
    for line in ($program completion --words $typed[2..-1] "$word" 2>/dev/null)
        switch $line
            case ':files' ':directories'
                set -l before (string match -r -- '^--[a-z-]+=' "$word")
                set -l path (string replace -r -- '^--[a-z-]+=' '' "$word")
                if test $line = ':files'
                    printf "$before%s\n" (complete -C "'' $path")
                else
                    printf "$before%s\n" (__fish_complete_directories "$path" '')
                end
            case ':nospace'
            case '*'
                printf '%s\n' $line
        end
    end
end

complete -c forestgate -f -a '(__forestgate_complete)'
