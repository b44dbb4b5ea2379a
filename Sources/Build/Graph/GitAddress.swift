// SPDX-License-Identifier: Apache-2.0

/// A repository of git, and what of it is meant: `https://host/path.git#ref:folder`, or `…git?ref=main&subdir=app`.
package struct GitAddress: Hashable, Sendable {
    /// As git takes it.
    package private(set) var repository: String
    /// A branch, a tag or a commit; nil for what the repository itself says.
    package private(set) var reference: String?
    /// The folder in it that is meant, without slashes at its ends; nil for all of it.
    package private(set) var folder: String?
    /// The commit that it has to be, or the start of it.
    package private(set) var commit: String?
    /// Whether `.git` stays; nil where the address does not say it.
    package private(set) var keepsGitFolder: Bool?
    package private(set) var includesSubmodules = true

    /// Nothing that git is told is longer.
    private static let longest = 2048

    /// Reads an address.
    ///
    /// - Parameter text: The address.
    /// - Throws: ``BuildProblem`` for what git could take for something else.
    package init(_ text: String) throws(BuildProblem) {
        var rest = text[...]
        var fragment: Substring = ""
        if let mark = rest.firstIndex(of: "#") {
            fragment = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        var query: Substring = ""
        if let mark = rest.firstIndex(of: "?") {
            query = rest[rest.index(after: mark)...]
            rest = rest[..<mark]
        }
        repository = rest.hasPrefix("github.com/") ? "https://\(rest)" : String(rest)
        if !fragment.isEmpty {
            let parts = fragment.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            reference = parts[0].isEmpty ? nil : String(parts[0])
            if parts.count == 2 { try setFolder(String(parts[1])) }
        }
        for field in query.split(separator: "&") { try take(field) }
        for part in [repository, reference ?? "", folder ?? ""] {
            let isPlain = part.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F }
            guard isPlain, part.utf8.count <= Self.longest, !part.hasPrefix("-") else {
                throw BuildProblem("`\(text.shown)` is no address of a repository")
            }
        }
        // What has a meaning in a refspec, or for names of git (git-check-ref-format(1)).
        if let reference, reference.contains(where: { "+:^~?*[\\".contains($0) }) || reference.contains("..") {
            throw BuildProblem("`\(reference.shown)` is no name of a branch, a tag or a commit")
        }
    }

    private mutating func setFolder(_ text: String) throws(BuildProblem) {
        let names = text.split(separator: "/").filter { $0 != "." }
        if names.contains("..") { throw BuildProblem("the folder `\(text.shown)` leads out of the repository") }
        folder = names.isEmpty ? nil : names.joined(separator: "/")
    }

    private mutating func take(_ field: Substring) throws(BuildProblem) {
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let value = parts.count == 2 ? parts[1] : ""
        switch parts[0] {
        case "ref", "branch", "tag":
            let prefix = parts[0] == "branch" ? "refs/heads/" : parts[0] == "tag" ? "refs/tags/" : ""
            reference = value.hasPrefix("refs/") ? value : prefix + value
        case "subdir": try setFolder(value)
        case "commit", "checksum": commit = value
        case "keep-git-dir": keepsGitFolder = try Self.boolean(value, parts[0])
        case "submodules": includesSubmodules = try Self.boolean(value, parts[0])
        default:
            throw BuildProblem(
                "`\(parts[0].shown)` is nothing that can be said of a repository",
                help: "ref, branch, tag, commit, subdir, keep-git-dir and submodules can"
            )
        }
    }

    private static func boolean(_ text: String, _ name: String) throws(BuildProblem) -> Bool {
        switch text {
        case "", "1", "true": return true
        case "0", "false": return false
        default: throw BuildProblem("`\(name)=\(text.shown)` is neither true nor false")
        }
    }

    /// Says which commit it has to be.
    package mutating func require(_ commit: String) { self.commit = commit }

    /// Whether the reference can be a commit: 7 to 64 digits.
    package var namesCommit: Bool { reference.map(Self.isCommit) ?? false }

    /// Whether a text can be a commit or the start of one.
    package static func isCommit(_ text: String) -> Bool {
        (7...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
