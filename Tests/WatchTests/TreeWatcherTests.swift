// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Patterns
import TestSupport
import Testing

@testable import Watch

extension FilePath {
    /// The path from the root on.
    fileprivate var absolute: FilePath { FilePath("/".utf8 + bytes) ?? self }
}

/// A watched folder `tree` of a test's own, changed by a shell.
private final class TestedTree {
    let scratch: Scratch
    let watcher: TreeWatcher
    private let tree: Int

    init(
        _ script: String = "",
        at path: String = "tree",
        _ configure: (inout TreeFilter) throws -> Void = { _ in }
    ) throws {
        scratch = try Scratch()
        try makeFolder(scratch / "tree")
        watcher = try TreeWatcher()
        try Self.run(script, in: scratch / "tree")
        var filter = TreeFilter(of: try #require(FilePath((scratch / path).utf8)))
        try configure(&filter)
        tree = try watcher.add(scratch / path, filter)
    }

    static func run(_ script: String, in folder: String) throws {
        let outcome = try Command("/bin/bash", ["-ec", script], in: folder).run()
        try #require(outcome.end == .exit(0), "\(outcome.errors)")
    }

    /// What is seen of a change: `+` before what is new or has changed, `-` before what is gone.
    ///
    /// The kernel has all events of a script that has ended.
    func changes(_ script: String, isLossy: Bool = false) throws -> String {
        try Self.run(script, in: scratch / "tree")
        if isLossy {
            watcher.loseEvents()
        } else {
            _ = try watcher.read()
        }
        return Self.text(try watcher.changes())
    }

    /// The same, as one who is nobody to the file system.
    func withoutPrivileges(_ script: String, _ body: () -> Void) throws -> String {
        try Self.run(script, in: scratch / "tree")
        let root = try Descriptor.open("/", O_RDONLY | O_DIRECTORY)
        var result = Result<[TreeChange], WatchError>.success([])
        try ConfinedThread.run(writable: [root.number], readable: [], keeping: CapabilitySet([])) {
            result = Result { () throws(WatchError) in
                _ = try watcher.read()
                return try watcher.changes()
            }
        }
        body()
        return Self.text(try result.get())
    }

    var everything: String { Self.text(watcher.everything(of: tree)) }
    var exists: Bool { watcher.exists(tree) }

    private static func text(_ changes: [TreeChange]) -> String {
        changes.map { ($0.kind == .removed ? "-" : "+") + $0.path.description }.joined(separator: " ")
    }
}

@Suite struct `A watched tree` {
    private static let cases: [(script: String, changes: String)] = [
        ("echo x > new", "+new"),
        ("echo longer > file", "+file"),
        ("rm file", "-file"),
        ("mv file other", "-file +other"),
        ("echo x > .file.tmp; mv .file.tmp file", "+file"),
        ("cp file copy; mv copy file", "+file"),
        ("mkdir -p a/b/c; echo x > a/b/c/deep; mkdir a/empty", "+a +a/b +a/b/c +a/b/c/deep +a/empty"),
        ("rm -r dir", "-dir"),
        ("mv dir moved", "-dir +moved +moved/in +moved/sub +moved/sub/deep"),
        ("mv dir ../gone; mkdir dir; echo x > dir/other", "-dir +dir +dir/other"),
        ("rm -r dir; echo x > dir", "-dir +dir"),
        ("rm file; mkdir file; echo x > file/in", "+file +file/in"),
        ("chmod 600 file", "+file"),
        ("chmod 700 dir", "+dir"),
        ("touch -d @99 file", "+file"),
        ("ln -s file link; ln -sfn dir link", "+link"),
        ("echo x > dir/sub/deep; rm dir/in", "-dir/in +dir/sub/deep"),
        ("mv ../outside inside", "+inside +inside/file"),
        ("mv dir ..", "-dir"),
        ("echo x > a; rm a", ""),
        ("mkfifo pipe", "+pipe"),
        // What changes nothing of the file.
        ("cat file; touch -a -d @5 file; chown 0 file; chmod 644 file", ""),
        ("ln file ../hard; : >> file", ""),
        ("ls -R > ../list", ""),
    ]
    private static let start =
        "mkdir -p dir/sub ../outside; echo 1 > file; echo 2 > dir/in; echo 3 > dir/sub/deep; echo 4 > ../outside/file"

    @Test(arguments: cases.indices)
    func `tells what has changed`(number: Int) throws {
        let (script, expected) = Self.cases[number]
        let tree = try TestedTree(Self.start)
        #expect(try tree.changes(script) == expected)
        #expect(try tree.changes("") == "")
        // What is seen is watched as well.
        #expect(try tree.changes("echo x > last; rm last; echo x > final") == "+final")
    }

    @Test(arguments: cases.indices)
    func `tells the same where events were lost`(number: Int) throws {
        let (script, expected) = Self.cases[number]
        let tree = try TestedTree(Self.start)
        #expect(try tree.changes(script, isLossy: true) == expected)
        #expect(try tree.changes("", isLossy: true) == "")
    }

    @Test func `tells of a write within the same moment and of the same size`() throws {
        let tree = try TestedTree("echo 1 > file; touch -d @99 file")
        #expect(try tree.changes("echo 2 > file; touch -d @99 file") == "+file")
    }

    @Test func `is watched in new folders and in moved ones`() throws {
        let tree = try TestedTree(Self.start)
        let moved = try tree.changes("mkdir -p n/m; mv dir n/m/d")
        #expect(moved == "-dir +n +n/m +n/m/d +n/m/d/in +n/m/d/sub +n/m/d/sub/deep")
        let below = try tree.changes("echo x > n/m/d/sub/deep; rm n/m/d/in; echo x > n/new")
        #expect(below == "-n/m/d/in +n/m/d/sub/deep +n/new")
        #expect(try tree.changes("mv n ../gone; mkdir n; echo 1 > n/one") == "-n +n +n/one")
        #expect(try tree.changes("echo 22 > n/one") == "+n/one")
    }

    @Test func `is watched in a folder that has the number of one before it`() throws {
        let tree = try TestedTree("mkdir dir; echo 1 > dir/in")
        // The file system may give the new one the number of the old one at once, or not.
        let text = try tree.changes("rm -r dir; mkdir dir; echo x > dir/other")
        #expect(["-dir +dir +dir/other", "-dir/in +dir/other"].contains(text))
        #expect(try tree.changes("echo xx > dir/other") == "+dir/other")
    }

    @Test func `leaves out what it is told to, and does not look into it`() throws {
        let start = "mkdir -p out/a .git logs; echo 1 > out/a/b; chmod 0 out; echo 1 > logs/keep"
        let tree = try TestedTree(start) { filter in
            filter.ignore(try PathPatterns(["out", "*.tmp", "logs/*", "!logs/keep"]))
        }
        #expect(tree.everything == "+. +logs +logs/keep")
        #expect(tree.watcher.takeWarnings() == [])
        let left = try tree.changes("echo 1 > x.tmp; echo 1 > .git/index; echo 1 > a~; chmod 700 out; echo 1 > out/c")
        #expect(left == "")
        #expect(try tree.changes("echo 1 > logs/other; echo 22 > logs/keep; echo 1 > x") == "+logs/keep +x")
        #expect(try tree.changes("rm -r logs") == "-logs")
    }

    @Test func `may have folders that nobody may look into`() throws {
        let tree = try TestedTree("mkdir -p closed open out/closed; echo 1 > open/file") { filter in
            filter.ignore(try PathPatterns(["out"]))
        }
        var warnings: [String] = []
        let changes = try tree.withoutPrivileges("chmod 0 closed out/closed; mkdir -p new/closed; chmod 0 new/closed") {
            warnings = tree.watcher.takeWarnings()
        }
        #expect(changes == "+closed +new +new/closed")
        let place = tree.scratch / "tree/new/closed"
        #expect(
            warnings == [
                "cannot look into `\(place)`: permission denied; changes in it are not seen: "
                    + "leave it out with `ignore`, or make it readable"
            ]
        )
        #expect(try tree.changes("chmod 700 new/closed; echo 1 > new/closed/in") == "+new/closed +new/closed/in")
        #expect(try tree.changes("echo 22 > new/closed/in") == "+new/closed/in")
    }

    @Test func `has only what it is told to`() throws {
        let start = "mkdir -p web/sub; echo 1 > web/a.css; echo 1 > web/sub/b; echo 1 > top.css"
        let tree = try TestedTree(start) { filter in
            filter.include(try PathPatterns(["*.css", "web/sub"]))
        }
        #expect(tree.everything == "+. +top.css +web/sub +web/sub/b")
        #expect(try tree.changes("echo 22 > web/a.css; echo 22 > top.css; echo 1 > web/sub/c") == "+top.css +web/sub/c")
        #expect(try tree.changes("rm -r web") == "-web/sub")
    }

    @Test func `heeds patterns of a folder above or below`() throws {
        let tree = try TestedTree("mkdir -p app; echo 1 > app/x.log; echo 1 > app/y") { filter in
            let path = filter.path.components
            filter.ignore(try PathPatterns(["tree/app/*.log"]), in: FilePath(joining: path.dropLast()).absolute)
            filter.ignore(try PathPatterns(["z"]), in: FilePath(joining: path + ["app"]).absolute)
        }
        #expect(tree.everything == "+. +app +app/y")
        #expect(try tree.changes("echo 1 > app/z; echo 1 > z; echo 1 > app/v.log") == "+z")
    }

    @Test func `may be one file, however it is replaced`() throws {
        let tree = try TestedTree("echo 1 > file; echo 1 > other", at: "tree/file")
        #expect(tree.everything == "+.")
        #expect(try tree.changes("echo 22 > file; echo 22 > other") == "+.")
        #expect(try tree.changes("echo 333 > file.new; mv file.new file") == "+.")
        #expect(try tree.changes("mv file file.bak; echo 4 > file; rm file.bak") == "+.")
        #expect(try tree.changes("rm file") == "-.")
        #expect(try tree.changes("echo 5 > file") == "+.")
    }

    @Test func `may come into being later, and go`() throws {
        let tree = try TestedTree(at: "tree/a/b")
        #expect(!tree.exists)
        #expect(try tree.changes("mkdir a; echo 1 > a/other") == "")
        #expect(try tree.changes("mkdir a/b; echo 1 > a/b/c") == "+. +c")
        #expect(tree.exists)
        #expect(try tree.changes("echo 22 > a/b/c; mkdir a/b/d") == "+c +d")
        #expect(try tree.changes("rm -r a") == "-c -d")
        #expect(try tree.changes("mkdir -p a/b; echo 1 > a/b/e") == "+. +e")
    }

    @Test func `is watched for several at a time`() throws {
        let tree = try TestedTree("mkdir sub; echo 1 > sub/file")
        let inner = try tree.watcher.add(tree.scratch / "tree/sub", TreeFilter(of: "/"))
        #expect(inner == 1)
        try TestedTree.run("echo 22 > sub/file", in: tree.scratch / "tree")
        #expect(try tree.watcher.read())
        let changes = try tree.watcher.changes()
        #expect(changes.map(\.tree) == [0, 1])
        #expect(changes.map(\.path) == ["sub/file", "file"])
    }

    @Test func `tells of nothing where nothing that counts has happened`() throws {
        let tree = try TestedTree("mkdir .git")
        try TestedTree.run("echo 1 > .git/index; echo 1 > x~", in: tree.scratch / "tree")
        #expect(try !tree.watcher.read())
    }

    @Test func `with more events than the kernel keeps is looked at as a whole`() throws {
        let limit = try #require(Int(readText("/proc/sys/fs/inotify/max_queued_events").split(separator: "\n")[0]))
        let tree = try TestedTree()
        // Each pair of files gives two events that the kernel does not merge.
        let loop = "for ((i = 0; i < \(limit) / 2; i++)); do echo $i > a; echo $i > b; done"
        let text = try tree.changes("\(loop); mkdir c; echo 1 > c/last")
        #expect(text == "+a +b +c +c/last")
    }
}

@Suite struct `What cannot be watched` {
    @Test func `is told with what to do`() {
        let full = WatchError(SystemError("inotify_add_watch", ENOSPC), on: "/a", beside: 3).description
        #expect(full.hasPrefix("cannot watch `/a`: inotify_add_watch: no space left on device; 3 folders are watched"))
        #expect(full.hasSuffix("or raise the limit with `sysctl fs.inotify.max_user_watches=1048576`"))
        let many = WatchError(starting: SystemError("inotify_init1", EMFILE)).description
        #expect(many.hasSuffix("or raise the limit with `sysctl fs.inotify.max_user_instances=1024`"))
        let other = WatchError(SystemError("openat2", EACCES), on: "/a", beside: 3).description
        #expect(other == "cannot watch `/a`: openat2: permission denied")
    }
}
