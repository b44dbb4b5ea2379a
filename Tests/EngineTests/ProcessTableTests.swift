// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import ImagesSupport
import Linux
import TestSupport
import Testing

@testable import Engine

/// A process of the test that does nothing, ended with the last reference.
final class IdleProcess {
    let pid: Int32

    init(_ arguments: [String] = ["sleep", "600"]) throws {
        var child: pid_t = 0
        var vector = arguments.map { strdup($0) }
        vector.append(nil)
        defer { for word in vector { free(word) } }
        let failure = posix_spawnp(&child, arguments[0], nil, nil, vector, environ)
        if failure != 0 { throw SystemFailure("run", arguments[0], failure) }
        pid = child
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }
}

@Suite struct `Processes of a container` {
    @Test(arguments: [
        "pid", "ppid", "pgid", "sid", "user", "uid", "ruid", "group", "gid", "comm", "args", "cmd", "nice", "ni", "pri",
        "stat", "s", "tty", "nlwp", "vsz", "rss", "start_time", "stime", "lstart", "start", "bsdtime", "time", "pmem",
        "%mem",
        "wchan", "etime", "c", "pcpu",
    ])
    func `have the columns that ps shows`(column: String) throws {
        let process = try IdleProcess(["sleep", "601", "with two  blanks"].dropLast())
        // It has become the program when it sleeps.
        while try ProcessInformation(process.pid)?.waitChannel.contains("nanosleep") != true { sched_yield() }
        let format = try ProcessFormat(arguments: "-o \(column)")
        func shown() throws -> ContainerTop {
            try ProcessTable([#require(try ProcessInformation(process.pid))]).shown(as: format)
        }
        // Memory and times may change between two looks.
        var (before, after) = (ContainerTop(), ContainerTop())
        var lines: [Substring] = []
        repeat {
            before = try shown()
            lines = try run("ps", ["-ww", "-o", column, "-p", "\(process.pid)"]).split(separator: "\n")
            after = try shown()
        } while before != after
        #expect(before.titles == [lines[0].trimmed])
        #expect(before.processes == [[lines[1].trimmed]])
    }

    @Test(arguments: [
        ("", ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]),
        ("-ef", ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]),
        ("-e -f -ww", ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]),
        ("aux", ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"]),
        ("-aux", ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"]),
        ("ax", ["PID", "TTY", "STAT", "TIME", "COMMAND"]), ("-e", ["PID", "TTY", "TIME", "CMD"]),
        ("-eo pid,args", ["PID", "COMMAND"]), ("axo pid,comm", ["PID", "COMMAND"]),
        ("-opid -o user,etime", ["PID", "USER", "ELAPSED"]), ("-o pid,cmd=Program", ["PID", "Program"]),
        ("--format pid,c", ["PID", "C"]), ("--format=PCPU,psr", ["%CPU", "PSR"]),
    ])
    func `have the titles of the arguments`(arguments: String, titles: [String]) throws {
        #expect(try ProcessFormat(arguments: arguments).columns.map(\.title) == titles)
    }

    @Test(arguments: [
        ("-Z", "`-Z` is not supported"), ("--forest", "`--forest` is not supported"), ("-o", "lacks the names"),
        ("-o pid,nonsense", "no column `nonsense`"), ("-p 1", "`-p` is not supported"), ("-", "`-` is not supported"),
        ("-o ,", "lacks the names"),
    ])
    func `are refused for arguments that are not understood`(arguments: String, reason: String) throws {
        let error = #expect(throws: EngineError.self) { try ProcessFormat(arguments: arguments) }
        #expect(error?.code == .badParameter)
        #expect(error?.message.contains(reason) == true)
    }

    @Test func `of this test are shown as ps shows them`() throws {
        let own = try #require(try ProcessInformation(getpid()))
        let top = try ProcessTable([own]).shown(as: ProcessFormat(arguments: "aux"))
        #expect(top.processes.count == 1)
        #expect(top.processes[0].count == top.titles.count)
        #expect(top.processes[0][1] == "\(getpid())")
        let line = try run("ps", ["-ww", "-o", "user,pid,ppid,args", "-p", "\(getpid())"]).split(separator: "\n")[1]
        let format = try ProcessFormat(arguments: "-o user,pid,ppid,args")
        let shown = try ProcessTable([own]).shown(as: format).processes[0].joined(separator: " ")
        #expect(shown.split(separator: " ") == line.split(separator: " "))
    }

    @Test func `that have ended are left out, and names of programs cannot deceive`() throws {
        let process = try IdleProcess(["bash", "-c", "exec -a $'name)\\e[2J R 1 (\\n' sleep 600"])
        while try ProcessInformation(process.pid)?.waitChannel.contains("nanosleep") != true { sched_yield() }
        let information = try #require(try ProcessInformation(process.pid))
        #expect(information.parent == getpid())
        #expect(information.arguments == "name)?[2J R 1 (? 600")
        let gone = process.pid
        kill(gone, SIGKILL)
        waitpid(gone, nil, 0)
        #expect(try ProcessInformation(gone) == nil)
    }
}

extension Substring {
    /// Without blanks at its ends.
    fileprivate var trimmed: String {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
