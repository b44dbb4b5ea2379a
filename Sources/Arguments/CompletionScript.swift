// SPDX-License-Identifier: Apache-2.0

/// What shells load so that they can complete the commands of a program.
///
/// The scripts know nothing of the commands: they ask the program, which starts in milliseconds and answers from the same
/// tables that it reads its arguments with; see ``Completer``. It must not touch the terminal: `-f -` reads its input.
enum CompletionScript {
    /// The first argument with which the scripts ask; the words of the command line follow.
    static let request = "--complete-words"

    private static let shells = ["bash", "zsh", "fish"]

    /// The hidden option that prints a script.
    static func option(of program: String) -> Option {
        Option(
            name: "generate-completion-script",
            valueName: "shell",
            help: "Print what a shell loads to complete commands.",
            allowed: shells,
            completion: .words(shells),
            isHidden: true,
            isInherited: false,
            action: .showFor { shell in
                let script = shell == "bash" ? bash(program) : shell == "zsh" ? zsh(program) : fish(program)
                return "# SPDX-License-Identifier: Apache-2.0\n" + script
            }
        )
    }

    private static func bash(_ program: String) -> String {
        #"""
        # Completes \#(program) in bash: source <(\#(program) --generate-completion-script bash)
        _\#(program)() {
            local words=() rest=$COMP_LINE piece= index
            for ((index = 0; index <= COMP_CWORD; index++)); do
                piece=${COMP_WORDS[index]}
                # bash splits words at = and :, which belong together where no blank stands between.
                if ((index == 0)) || [[ $rest == [[:blank:]]* ]]; then words+=("$piece"); else words[-1]+=$piece; fi
                rest=${rest#*"$piece"}
            done
            [[ $piece == [=:] ]] && piece=
            local word=${words[-1]}
            local before=${word%"$piece"} kind candidates=() file extension
            {
                read -ra kind
                mapfile -t candidates
            } < <("${words[0]/#\~/$HOME}" --complete-words "${words[@]:1}" </dev/null 2>/dev/null)
            COMPREPLY=()
            case ${kind[0]} in
                words)
                    for word in "${candidates[@]%%$'\t'*}"; do COMPREPLY+=("${word#"$before"}"); done
                    ;;
                folders)
                    compopt -o filenames
                    mapfile -t COMPREPLY < <(compgen -d -- "${piece//\\/}")
                    ;;
                files)
                    compopt -o filenames
                    while IFS= read -r file; do
                        ((${#kind[@]} == 1)) && COMPREPLY+=("$file")
                        for extension in "${kind[@]:1}"; do
                            [[ -d $file || $file == *."$extension" ]] && COMPREPLY+=("$file") && break
                        done
                    done < <(compgen -f -- "${piece//\\/}")
                    ;;
            esac
        }
        complete -F _\#(program) \#(program)

        """#
    }

    private static func zsh(_ program: String) -> String {
        #"""
        #compdef \#(program)
        # Completes \#(program) in zsh: source <(\#(program) --generate-completion-script zsh), or a file _\#(program) in $fpath
        _\#(program)() {
            local -a lines kind candidates meanings
            lines=("${(@f)$("${(Q)words[1]/#\~/$HOME}" --complete-words "${(@Q)words[2,CURRENT]}" </dev/null 2>/dev/null)}")
            kind=(${=lines[1]})
            case $kind[1] in
                words)
                    candidates=("${(@)lines[2,-1]%%$'\t'*}")
                    meanings=("${(@)lines[2,-1]//$'\t'/  -- }")
                    compadd -l -d meanings -a candidates
                    ;;
                folders)
                    compset -P '--*='
                    _files -/
                    ;;
                files)
                    compset -P '--*='
                    if (($#kind > 1)); then _files -g "*.(${(j:|:)kind[2,-1]})"; else _files; fi
                    ;;
            esac
        }
        if [[ $funcstack[1] == _\#(program) ]]; then _\#(program) "$@"; else compdef _\#(program) \#(program); fi

        """#
    }

    private static func fish(_ program: String) -> String {
        #"""
        # Completes \#(program) in fish: \#(program) --generate-completion-script fish | source
        function __\#(program)_complete
            set -l words (commandline -opc)
            set -l word (commandline -ct)
            set -l lines ($words[1] --complete-words $words[2..-1] $word </dev/null 2>/dev/null)
            set -l kind (string split ' ' -- $lines[1])
            set -l value (string replace -r -- '^--[^=]*=' '' $word)
            set -l before (string sub -l (math (string length -- "$word") - (string length -- "$value")) -- "$word")
            switch $kind[1]
                case words
                    printf '%s\n' $lines[2..-1]
                case folders
                    string join \n -- $before(__fish_complete_directories "$value" '')
                case files
                    for file in (complete -C"__\#(program)_none $value")
                        if test (count $kind) -eq 1; or string match -q '*/' -- $file
                            echo $before$file
                        else if contains -- (string match -r '[^.]*$' -- $file) $kind[2..-1]
                            echo $before$file
                        end
                    end
            end
        end
        complete -c \#(program) -f -a '(__\#(program)_complete)'

        """#
    }
}
