// SPDX-License-Identifier: Apache-2.0

import Linux
import Patterns
import Testing

@testable import Watch

private func path(_ text: String) -> FilePath { FilePath(text.utf8) ?? "." }

@Suite struct `Patterns of files that are left out` {
    // What Docker's own matcher says to the same patterns and paths (moby/patternmatcher 0.6).
    @Test(arguments: [
        (["file"], "file", true), (["file"], "dir/file", false), (["**/file"], "a/b/file", true),
        (["**/file"], "file", true), (["**"], "a/b", true), (["**/"], "a/b", true), (["a/**"], "a/b/c", true),
        (["a/**"], "a", false), (["a/**"], "ab", false), (["**/**"], "x", true), (["a/**/b"], "a/b", true),
        (["a/**/b"], "a/x/y/b", true), (["a/**/b"], "ab", false), (["a**b"], "a/x/b", true), (["a**b"], "ab", true),
        (["a**b"], "axb", false), (["*"], "file", true), (["*"], "dir/file", true), (["*.go"], "a.go", true),
        (["*.go"], "d/a.go", false), (["**/*.go"], "d/a.go", true), (["a?c"], "abc", true), (["a?c"], "a/c", false),
        (["[a-c]x"], "bx", true), (["[^a-c]x"], "bx", false), (["[^a-c]x"], "dx", true), (["[]a]"], "]", true),
        (["\\*"], "*", true), (["\\*"], "x", false), (["a.b"], "axb", false), (["a+b"], "a+b", true),
        (["dir"], "dir/sub/file", true), (["dir/"], "dir/file", true), (["/dir"], "dir/file", true),
        (["./dir/../file"], "file", true), (["  file  "], "file", true), (["../file"], "file", false),
        (["ä?"], "äö", true), (["."], "any/file", true), ([], "file", false), ([""], "file", false),
        (["*", "!keep"], "keep", false), (["*", "!keep"], "other", true), (["!keep", "*"], "keep", true),
        (["dir", "!dir/keep"], "dir/keep", false), (["dir", "!dir/keep"], "dir/keep/file", false),
        (["dir", "!dir/keep", "dir/keep/not"], "dir/keep/not", true), (["! keep", "keep"], "keep", true),
        (["**/*.md", "!README.md"], "README.md", false), (["**/*.md", "!README.md"], "docs/README.md", true),
    ])
    func `fit what they fit with Docker`(patterns: [String], file: String, isMatched: Bool) throws {
        #expect(try PathPatterns(patterns).matches(path(file)) == isMatched)
    }

    @Test(arguments: [
        (["dir"], "dir", true), (["dir"], "dir/sub", true), (["dir", "!dir/keep"], "dir", false),
        (["dir", "!other"], "dir", true), (["dir", "!**/keep"], "dir/sub", false), (["*", "!src/*.go"], "lib", true),
        (["*", "!src/*.go"], "src", false), (["dir/*"], "dir", false), (["dir", "!d*/a/b"], "dir/a", false),
        (["dir", "!d*/a/b"], "dir/b", true),
    ])
    func `tell of a folder that nothing in it is wanted`(patterns: [String], folder: String, isAll: Bool) throws {
        let patterns = try PathPatterns(patterns)
        #expect((patterns.matches(path(folder)) && patterns.matchesAll(below: path(folder))) == isAll)
    }

    @Test func `stand in files with comments`() throws {
        let patterns = try PathPatterns(file: "\u{FEFF}# all\r\n.\n\n  \nlogs/\n # no comment\n!logs/keep\n")
        #expect(patterns.matches("logs/file"))
        #expect(!patterns.matches("logs/keep"))
        #expect(patterns.matches("# no comment"))
        #expect(!patterns.matches("file"))
    }

    @Test(arguments: ["[a", "[a-", "a\\", "!", "! ", "[z-a]", "[\\"])
    func `are refused where they are none`(pattern: String) {
        #expect(throws: PatternProblem.self) { try PathPatterns([pattern]) }
    }

    @Test func `are not made slow by many stars`() throws {
        let pattern = String(repeating: "*a", count: 60) + "b"
        #expect(try !PathPatterns([pattern]).matches(path(String(repeating: "a", count: 4000))))
    }

    @Test(arguments: [
        ".git", ".git/index", "sub/.git/HEAD", "a.txt~", ".a.txt.swp", "d/.a.swx", "4913", ".#a", "d/#a#",
        "a___jb_tmp___", ".idea/workspace.xml", ".a.kate-swp", "x-go-tmp-umask",
    ])
    func `leave out what editors and git make`(file: String) {
        #expect(PathPatterns.always.matches(path(file)))
    }

    @Test(arguments: [".gitignore", "a.txt", "idea/x", "a#b", ".env", "swp"])
    func `leave nothing else out`(file: String) { #expect(!PathPatterns.always.matches(path(file))) }
}

@Suite struct `A batch of changes` {
    @Test func `is acted upon after a quiet time, and not too late`() {
        let start = ContinuousClock.now
        func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }
        var batch = Batch(quiet: .milliseconds(100), longest: .milliseconds(500))
        #expect(batch.deadline == nil)
        let isTakenEarly = batch.take(at: at(0))
        batch.note(at: at(0))
        #expect(batch.deadline == at(100))
        batch.note(at: at(60))
        let isTaken = [159, 160].map { batch.take(at: at($0)) }
        #expect(!isTakenEarly && isTaken == [false, true])
        #expect(batch.deadline == nil)
        for time in stride(from: 1000, to: 1480, by: 60) { batch.note(at: at(time)) }
        #expect(batch.deadline == at(1500))
    }
}
