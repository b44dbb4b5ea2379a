// SPDX-License-Identifier: Apache-2.0

import Arguments
import TestSupport
import Testing

@Suite struct `Completions` {
    @Test(arguments: [
        // Commands.
        ("", "words: stop exec copy container"),
        ("st", "words: stop"),
        ("--dry-run --file x co", "words: copy container"),
        ("container ", "words: run"),
        ("help co", "words: copy container"),
        ("help container ", "words: run"),
        // Options, those of the command first.
        ("stop -", "words: --all --quiet --signal --root --log --help --file --size --dry-run"),
        ("--", "words: --file --size --dry-run --version --help"),
        ("stop --si", "words: --signal --size"),
        ("--size 2 --file x stop -aq --", "words: --signal --root --log --help --file --dry-run"),
        ("exec -T -", "words: --help --file --size --dry-run"),
        ("exec -", "words: -T --help --file --size --dry-run"),
        // Values.
        ("stop --signal ", "words: TERM KILL"),
        ("stop -s K", "words: KILL"),
        ("stop -as ", "words: TERM KILL"),
        ("stop --signal=", "words: --signal=TERM --signal=KILL"),
        ("stop --signal=T", "words: --signal=TERM"),
        ("stop --root ", "folders"),
        ("stop --root=x", "folders"),
        ("stop --log x", "files txt"),
        ("--file ", "words"),
        ("stop --all=", "words"),
        // Arguments.
        ("stop w", "words: web worker"),
        ("stop web wo", "words: worker"),
        ("stop --file seen -- ", "words: file=seen web worker"),
        ("stop -- -", "words"),
        ("copy x", "files"),
        ("copy a x", "folders"),
        ("exec web -", "words"),
        // What follows a mistake has no meaning.
        ("bogus ", "words"),
        ("stop --bogus ", "words"),
    ])
    func `are those of the tables`(line: String, answer: String) throws {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let parser = CommandLineParser(Sample().command())
        guard case .show(let text) = try parser.parse(["--complete-words"] + words) else {
            Issue.record("no answer")
            return
        }
        let lines = text.split(separator: "\n")
        let candidates = lines.dropFirst().compactMap { $0.split(separator: "\t").first }
        let expected = candidates.isEmpty ? "" : ": " + candidates.joined(separator: " ")
        #expect(lines[0] + expected == answer)
    }

    @Test func `say what they mean`() throws {
        let parser = CommandLineParser(Sample().command())
        guard case .show(let text) = try parser.parse(["--complete-words", "stop", "--q"]) else { return }
        #expect(text == "words\n--quiet\tSay nothing.\n")
    }

    @Test func `are for shells that exist`() {
        let error = #expect(throws: UsageError.self) {
            try CommandLineParser(Sample().command()).parse(["--generate-completion-script", "csh"])
        }
        #expect(error?.message == "`--generate-completion-script` must be bash, zsh or fish, not `csh`")
    }
}

/// Lines are typed on a terminal, tabs included, and what they then do tells how they were completed.
@Suite struct `A shell with the completions` {
    @Test(arguments: ["bash", "zsh", "fish"])
    func `completes commands, options, values, files and services`(shell: String) throws {
        let (home, folder) = (try Scratch(), try Scratch())
        try folder.write("shop.yaml", "name: typed\nservices: {web: {image: the-image}, other: {build: .}}\n")
        try folder.write("one.yaml", "name: alone\nservices: {}\n")
        try folder.write("shop.txt", "")
        try folder.write("sub folder/file", "")
        try home.write("start.bash", "source <(wharf --generate-completion-script bash)\n")
        try home.write(
            ".zshrc",
            "autoload -U compinit\ncompinit -u -D\n. <(wharf --generate-completion-script zsh)\n"
        )
        try home.write(".config/fish/config.fish", "wharf --generate-completion-script fish | source\n")
        let lines = [
            "wharf vers\t--sh\t",
            "wharf -f sho\tgraph --format=merm\t",
            "wharf --file=sho\tgraph --form\tdo\t",
            "wharf -f shop.yaml config --images we\t",
            "wharf --project-directory sub\\ fo\t -f shop.yaml config --format=js\t",
            "wharf --project-directory \t -f one.yaml config",
            "exit",
        ]
        let typed = try home.write("typed", lines.map { $0 + "\n" }.joined())
        let start = shell == "bash" ? "bash --noprofile --rcfile $HOME/start.bash -i" : "\(shell) -i"
        var command = TestSupport.Command("/usr/bin/script", ["-qec", start, "/dev/null"], in: folder.path)
        command.input = typed
        let programs = Binaries.path(of: "wharf").dropLast("/wharf".count)
        command.environment = [
            "HOME": home.path, "PATH": "\(programs):/usr/bin:/bin", "TERM": "xterm", "SHELL": "/bin/sh",
        ]
        let outcome = try command.run()
        let number = try TestSupport.Command(Binaries.path(of: "wharf"), ["version", "--short"]).run().output.dropLast()
        // Lines that show what was typed have the name of the program in them; the others are its output.
        let output = outcome.output.split(whereSeparator: \.isNewline).filter { !$0.contains("wharf ") }
        for mark in [String(number), "flowchart LR", "digraph", "the-image", "/sub folder\"", "name: alone"] {
            #expect(output.contains { $0.contains(mark) }, "\(mark) is missing from:\n\(outcome.output)")
        }
        #expect(outcome.end == .exit(0))
    }
}
