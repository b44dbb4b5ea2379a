// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

private let topLevel: Set<Substring> = ["LICENSE", "Package.swift", "README.md", "Sources", "Tests", "examples"]

@Suite struct `The tree` {
    @Test func `the top level holds only what belongs there`() throws {
        let top = Set(try trackedFiles().map { $0.prefix { $0 != "/" } })
        #expect(top.filter { !$0.hasPrefix(".") } == topLevel)
    }

    @Test func `every source file names its licence in its first lines`() throws {
        for file in try trackedFiles() {
            guard let text = try sourceText(of: file) else { continue }
            let first = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).prefix(2)
            #expect(first.contains { $0.hasSuffix("SPDX-License-Identifier: Apache-2.0") }, "\(file)")
        }
    }

    @Test func `no source file is longer than 600 lines`() throws {
        for file in try trackedFiles() {
            guard let text = try sourceText(of: file) else { continue }
            #expect(text.count { $0.isNewline } <= 600, "\(file)")
        }
    }

    @Test func `scripts can be executed`() throws {
        for file in try trackedFiles() {
            guard let text = try sourceText(of: file), text.hasPrefix("#!") else { continue }
            #expect(isExecutable("\(Repository.root)/\(file)"), "\(file)")
        }
    }
}

/// The paths of the files in version control, those not yet committed included.
private func trackedFiles() throws -> [String] {
    // A check-out that belongs to another user, as in many CI systems, is refused without the setting.
    let outcome = try Command(
        "git",
        ["-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
        in: Repository.root
    ).run()
    guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
    return outcome.output.split(separator: "\n").map(String.init)
}

/// The text of a Swift or C file or a script; nil for every other file.
private func sourceText(of file: String) throws -> String? {
    let name = file.split(separator: "/").last ?? ""
    let path = "\(Repository.root)/\(file)"
    if name.contains("."), !name.hasSuffix(".swift"), !name.hasSuffix(".h"), !name.hasSuffix(".c") { return nil }
    guard let bytes = try? readBytes(path) else { return nil }
    if !name.contains("."), !bytes.starts(with: "#!".utf8) { return nil }
    return String(decoding: bytes, as: UTF8.self)
}
