// SPDX-License-Identifier: Apache-2.0

import Arguments
import Compose
import Testing

private let stopUsage = "tool [global options] stop [options] [SERVICE ...]"

@Suite struct `Arguments` {
    @Test(arguments: [
        // Values, in all spellings of pflag.
        ("-f a --file b --file=c stop", "file=a file=b file=c stop"),
        ("-fa -f=b -f =c -f= stop", "file=a file=b file==c file== stop"),
        ("--file= --file - stop", "file= file=- stop"),
        ("--file --dry-run stop", "file=--dry-run stop"),
        ("--file a=b=c stop", "file=a=b=c stop"),
        ("stop -sKILL", "signal=KILL stop"),
        ("stop -aqsKILL", "all=true quiet=true signal=KILL stop"),
        ("stop -aqs KILL web", "all=true quiet=true signal=KILL service=web stop"),
        ("stop -s TERM -s KILL", "signal=TERM signal=KILL stop"),
        ("--size -1x stop", "error"),
        ("--size 12 stop", "size=12 stop"),
        ("-f é stop", "file=é stop"),
        // Booleans as Go reads them.
        ("stop --all --quiet", "all=true quiet=true stop"),
        ("stop --all=true --all=false --all=1 --all=0", "all=true all=false all=true all=false stop"),
        ("stop --all=T --all=F -a=t -a=f", "all=true all=false all=true all=false stop"),
        ("stop --all false", "all=true service=false stop"),
        ("stop --old", "old=true stop"),
        // Commands, aliases and the options of the commands above.
        ("halt", "stop"),
        ("secret", "secret"),
        ("stop --dry-run web -f a", "dry-run=true file=a service=web stop"),
        ("--dry-run=false stop", "dry-run=false stop"),
        ("container run i", "image=i container run"),
        ("--file a container --dry-run run --file b i", "file=a dry-run=true file=b image=i container run"),
        // The end of the options.
        ("stop -- -a --all", "service=-a service=--all stop"),
        ("stop web -- --all -- x", "service=web service=--all service=-- service=x stop"),
        ("stop - web", "service=- service=web stop"),
        ("-- stop -a", "all=true stop"),
        ("stop help", "service=help stop"),
        // Words that belong to another program.
        ("exec -T web ls -la --help -- x", "T=true service=web word=ls word=-la word=--help word=-- word=x exec"),
        ("exec -- web -T", "service=web word=-T exec"),
        ("--dry-run exec --dry-run web --dry-run", "dry-run=true dry-run=true service=web word=--dry-run exec"),
        (
            "container run -itv a:/b -v=c -h box img -h -v",
            """
            interactive=true tty=true volume=a:/b volume=c hostname=box image=img word=-h word=-v container run
            """
        ),
        // Arguments by their number.
        ("copy a /b", "from=a to=/b copy"),
        ("copy a b /c", "from=a from=b to=/c copy"),
    ])
    func `are read as Docker reads them`(line: String, seen: String) throws {
        let words = line.split(separator: " ").map(String.init)
        #expect((try? Sample().run(words))?.joined(separator: " ") ?? "error" == seen)
    }

    @Test func `may be empty`() throws {
        #expect(try Sample().run(["stop", "", "--root", "", "--log="]) == ["root=", "log=", "service=", "stop"])
    }

    @Test(arguments: [
        ("stop", ["stop"]), ("exec -T web ls", ["exec"]), ("stop --dry-run", ["stop", "tool"]),
        ("container run -v x image", ["container run"]),
    ])
    func `make only the tables that are looked at`(line: String, tables: [String]) throws {
        let sample = Sample()
        _ = try sample.run(line.split(separator: " ").map(String.init))
        #expect(sample.tablesMade == tables)
    }

    @Test func `run nothing before the program does`() throws {
        let sample = Sample()
        guard case .run(let run) = try CommandLineParser(sample.command()).parse(["stop", "web"]) else {
            Issue.record("nothing to run")
            return
        }
        #expect(sample.seen == ["service=web"])
        try run()
        #expect(sample.seen == ["service=web", "stop"])
    }

    @Test(arguments: [
        ("frobnicate", "unknown command `frobnicate`", "tool [global options] COMMAND [options] [arguments]", "tool"),
        (
            "container rm", "unknown command `rm` of `tool container`",
            "tool [global options] container COMMAND [options] [arguments]", "tool container"
        ),
        ("stop --bogus", "unknown option `--bogus`", stopUsage, "tool stop"),
        ("--bogus stop", "unknown option `--bogus`", "tool [global options] COMMAND [options] [arguments]", "tool"),
        ("stop --=x", "unknown option `--`", stopUsage, "tool stop"),
        ("stop ---all", "unknown option `---all`", stopUsage, "tool stop"),
        ("stop -z", "unknown option `-z`", stopUsage, "tool stop"),
        ("stop -az", "unknown option `-z` in `-az`", stopUsage, "tool stop"),
        ("stop -v", "unknown option `-v`", stopUsage, "tool stop"),
        ("stop --signal", "`--signal` needs a value: `--signal <name>`", stopUsage, "tool stop"),
        ("stop -as", "`--signal` needs a value: `--signal <name>`", stopUsage, "tool stop"),
        ("stop --signal HUP", "`--signal` must be TERM or KILL, not `HUP`", stopUsage, "tool stop"),
        ("stop --all=maybe", "`--all` must be true or false, not `maybe`", stopUsage, "tool stop"),
        ("stop -a=maybe", "`--all` must be true or false, not `maybe`", stopUsage, "tool stop"),
        (
            "exec -T=x", "`-T` must be true or false, not `x`",
            "tool [global options] exec [options] SERVICE COMMAND [COMMAND ...]", "tool exec"
        ),
        ("stop --size x", "`--size` must be a whole number, not `x`", stopUsage, "tool stop"),
        ("stop --size 0", "`--size` must be above zero, not `0`", stopUsage, "tool stop"),
        ("stop --size 1 --size 2", "one size only", stopUsage, "tool stop"),
        (
            "secret x", "unexpected argument `x`: `tool secret` takes no arguments",
            "tool [global options] secret [options]", "tool secret"
        ),
        (
            "exec web", "`tool exec` needs SERVICE and COMMAND",
            "tool [global options] exec [options] SERVICE COMMAND [COMMAND ...]", "tool exec"
        ),
        (
            "copy a b", "TO must be an absolute path, not `b`",
            "tool [global options] copy [options] FROM [FROM ...] TO [OWNER]", "tool copy"
        ),
    ])
    func `that are wrong are told with how to go on`(line: String, message: String, usage: String, help: String) {
        let error = #expect(throws: UsageError.self) {
            try Sample().run(line.split(separator: " ").map(String.init))
        }
        #expect(error?.text == "\(message)\nusage: \(usage)\nsee `\(help) --help`")
    }

    @Test(arguments: [
        ("stpo", "unknown command `stpo`; did you mean `stop`?", ["stop", "halt", "exec", "copy", "container"]),
        (
            "stop --qiet", "unknown option `--qiet`; did you mean `--quiet`?",
            ["all", "quiet", "signal", "root", "log", "help", "file", "size", "dry-run"]
        ),
        ("stop --signal KIL", "`--signal` must be TERM or KILL, not `KIL`; did you mean `KILL`?", ["TERM", "KILL"]),
    ])
    func `that are misspelt are told with the nearest that is right`(
        line: String,
        text: String,
        candidates: [String]
    ) throws {
        var asked: [[String]] = []
        let parser = CommandLineParser(
            Sample().command(),
            nearest: { word, words in
                asked.append(words)
                return Suggestions.nearest(to: word, in: words)
            }
        )
        let error = #expect(throws: UsageError.self) { try parser.parse(line.split(separator: " ").map(String.init)) }
        #expect(error?.text == text)
        #expect(asked == [candidates])
    }
}
