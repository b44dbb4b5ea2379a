// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import Patterns

/// A file that is to be copied, with all that is in it.
struct SelectedFile: Sendable {
    /// What it is called where it is copied to.
    var name: FilePath
    /// The names that lead to it from the root of its tree on, without links.
    var path: [FilePath]
    var status: FileStatus
    /// What is in it, by name.
    var files: [SelectedFile] = []
    /// Whether the contents of a folder are meant, and not the folder.
    var isContents = false
}

/// Where something is that an instruction names.
struct SelectedPlace: Hashable, Sendable {
    /// The names as they fit.
    var named: [FilePath]
    /// Where they lead, without links.
    var path: [FilePath]
    /// A link whose name fits a wildcard, where it is.
    var link: [FilePath]?
}

/// Finds the files that an instruction names.
struct FileSelector {
    private let tree: SourceTree
    private let excluded: PathPatterns
    private var count = 0
    /// Whether there are wildcards in what is looked for, so that all of it is a pattern.
    private var isPattern = false
    /// What was looked at, and could change what comes of it; nil once that is more than can be looked at again.
    private(set) var seen: [FolderStamp]? = []

    /// No instruction copies more files.
    private static let fileLimit = 4_000_000
    /// How many folders may be within one another.
    private static let depthLimit = 256

    /// - Parameters:
    ///   - tree: Where they are.
    ///   - excluded: Patterns of files that are left out besides what the tree leaves out.
    /// - Throws: `badParameter` for a pattern that is none.
    init(in tree: SourceTree, excluding excluded: [String]) throws(EngineError) {
        self.tree = tree
        do {
            self.excluded = try PathPatterns(excluded)
        } catch {
            throw EngineError(.badParameter, "--exclude: \(error)")
        }
    }

    /// Finds what a path or pattern stands for.
    ///
    /// A link that is named, or fits a wildcard, is followed inside the tree; those in folders stay links.
    ///
    /// - Parameters:
    ///   - pattern: With a slash before it.
    ///   - keepsParents: Whether the folders above come along, those behind a `/./` where there is one.
    /// - Returns: The files; none where a pattern fits nothing.
    /// - Throws: `notFound` for a path that is not there, and for a link to nowhere, or what cannot be read.
    mutating func select(_ pattern: String, keepsParents: Bool) throws -> [SelectedFile] {
        try files(at: places(of: pattern, keepsParents: keepsParents), of: pattern, keepsParents: keepsParents)
    }

    /// Finds the places that a path or pattern stands for, in their order; files may be missing there.
    mutating func places(of pattern: String, keepsParents: Bool) throws -> [SelectedPlace] {
        var (pivot, names) = ([String](), pattern.split(separator: "/").map(String.init))
        if keepsParents, let range = pattern.firstRange(of: "/./") {
            pivot = pattern[..<range.lowerBound].split(separator: "/").map(String.init)
            names = pattern[range.upperBound...].split(separator: "/").map(String.init)
        }
        names.removeAll { $0 == "." }
        isPattern = names.contains(where: Self.hasWildcard)
        var found: [SelectedPlace] = []
        do throws(SystemError) {
            let start = try tree.resolve(pivot.compactMap { FilePath($0.utf8) })
            try expand(names[...], [], start, keepsParents, &found)
        } catch {
            throw failure(error, pattern)
        }
        var seen: Set<[FilePath]> = []
        return found.filter { seen.insert($0.named).inserted }
    }

    /// Finds what is at places, which were found for a pattern.
    mutating func files(
        at places: [SelectedPlace],
        of pattern: String,
        keepsParents: Bool
    ) throws -> [SelectedFile] {
        var result: [SelectedFile] = []
        for place in places {
            let file: SelectedFile?
            do throws(SystemError) {
                file = try self.file(place, keepsParents)
            } catch {
                throw failure(error, pattern)
            }
            if let file {
                result.append(file)
            } else if let link = place.link, !keepsParents, !excluded.matches(Self.scalars(link.suffix(1))) {
                throw missing("/\(FilePath(joining: place.path))", place.path, to: link)
            }
        }
        if result.isEmpty, !isPattern { throw missing(pattern, places.first?.path) }
        if count > Self.fileLimit {
            throw EngineError(.badParameter, "`\(pattern)` stands for more than \(Self.fileLimit) files")
        }
        return result
    }

    /// Whether a text is more than a name: a `\` alone makes none of it, and takes the next character's meaning away.
    private static func hasWildcard(_ text: String) -> Bool {
        var rest = text[...]
        while let character = rest.popFirst() {
            if character == "\\" { _ = rest.popFirst() }
            if "*?[".contains(character) { return true }
        }
        return false
    }

    /// Whether a part of what is looked for is to be compared with names.
    private func isPattern(_ name: String) -> Bool { isPattern && name.contains { "*?[\\".contains($0) } }

    // MARK: Patterns

    private func expand(
        _ names: ArraySlice<String>,
        _ named: [FilePath],
        _ path: [FilePath],
        _ crossesFolders: Bool,
        _ found: inout [SelectedPlace]
    ) throws(SystemError) {
        if found.count > Self.fileLimit { return }
        try Self.checkDepth(of: named)
        guard let name = names.first else {
            found.append(SelectedPlace(named: named, path: path))
            return
        }
        let rest = names.dropFirst()
        guard isPattern(name) else {
            guard let name = FilePath(name.utf8) else { return }
            let place = path + [name]
            if try isIgnoredLink(place) { return found.append(SelectedPlace(named: named + [name], path: place)) }
            return try expand(rest, named + [name], tree.resolve(place), crossesFolders, &found)
        }
        let isAny = name == "**" && crossesFolders
        if isAny { try expand(rest, named, path, crossesFolders, &found) }
        guard let status = try tree.status(of: path), status.kind == .directory else { return }
        let folder = try tree.open(path, O_RDONLY | O_DIRECTORY)
        let pattern = isAny ? nil : try? PathPatterns(["/" + name.replacing("**", with: "*")])
        for entry in try folder.entries().sorted() {
            if isAny {
                guard try folder.status(of: entry)?.kind == .directory else { continue }
                try expand(names, named + [entry], path + [entry], crossesFolders, &found)
            } else if pattern?.fits(Array(entry.description.unicodeScalars)) == true {
                let kind = try folder.status(of: entry)?.kind
                // Patterns do not lead through links, as with Docker.
                if !rest.isEmpty, kind != .directory { continue }
                let place = path + [entry]
                if try isIgnoredLink(place) { continue }
                let target = try tree.resolve(place)
                if rest.isEmpty, kind == .symbolicLink {
                    found.append(SelectedPlace(named: named + [entry], path: target, link: place))
                } else {
                    try expand(rest, named + [entry], target, crossesFolders, &found)
                }
            }
        }
    }

    /// Whether a link is left out of the tree, so that it leads to nothing there.
    private func isIgnoredLink(_ path: [FilePath]) throws(SystemError) -> Bool {
        guard let ignored = tree.ignored, ignored.matches(Self.scalars(path)) else { return false }
        return try tree.status(of: path)?.kind == .symbolicLink
    }

    private static func checkDepth(of path: [FilePath]) throws(SystemError) {
        if path.count <= depthLimit { return }
        // All names would be a screenful.
        let start = FilePath(joining: Array(path.prefix(8)))
        throw SystemError("go more than \(depthLimit) folders deep", ENAMETOOLONG, on: "\(start)/…")
    }

    // MARK: Files

    private mutating func file(_ found: SelectedPlace, _ keepsParents: Bool) throws(SystemError) -> SelectedFile? {
        guard let status = try tree.status(of: found.path) else {
            seen = nil
            return nil
        }
        let name = found.named.last ?? "."
        let isFolder = status.kind == .directory
        if !isFolder, let name = found.path.last {
            var folder = FolderStamp(found.path.dropLast(), nil)
            folder.note(name, status)
            seen?.append(folder)
        }
        if keepsParents {
            guard let file = try file(name, found.path, status, found.named) else { return nil }
            return try wrap(file, found)
        }
        var file = try file(name, found.path, status, isFolder ? [] : [name])
        file?.isContents = isFolder
        return file
    }

    /// Puts a file into the folders that it is named with.
    private mutating func wrap(_ file: SelectedFile, _ found: SelectedPlace) throws(SystemError) -> SelectedFile {
        var file = file
        if found.named.isEmpty {
            file.isContents = true
            return file
        }
        var path = found.path
        for name in found.named.dropLast().reversed() {
            // A link on the way: the folder that it leads to is elsewhere, and only its name is kept.
            path = path.isEmpty ? [] : Array(path.dropLast())
            guard let status = try tree.status(of: path) else { break }
            seen?.append(FolderStamp(path, status))
            file = SelectedFile(name: name, path: path, status: status, files: [file])
        }
        return file
    }

    private mutating func file(
        _ name: FilePath,
        _ path: [FilePath],
        _ status: FileStatus,
        _ relative: [FilePath]
    ) throws(SystemError) -> SelectedFile? {
        if status.kind == .socket { return nil }
        // Most files are of trees and instructions without any pattern.
        let own = tree.ignored == nil ? [] : Self.scalars(path)
        let below = excluded.isEmpty ? [] : Self.scalars(relative)
        let isIgnored = !path.isEmpty && tree.ignored?.matches(own) == true
        let isExcluded = !relative.isEmpty && excluded.matches(below)
        count += 1
        guard status.kind == .directory, count <= Self.fileLimit else {
            return isIgnored || isExcluded ? nil : SelectedFile(name: name, path: path, status: status)
        }
        if isIgnored, tree.ignored?.matchesAll(below: own) != false { return nil }
        if isExcluded, excluded.matchesAll(below: below) { return nil }
        try Self.checkDepth(of: path)
        var file = SelectedFile(name: name, path: path, status: status)
        let folder = try tree.open(path, O_RDONLY | O_DIRECTORY)
        var stamp = FolderStamp(path, status)
        defer { seen?.append(stamp) }
        // What is mounted there is the kernel's own state, and no file of anybody.
        if try folder.fileSystem().isKernelInterface { return file }
        for entry in try folder.entries().sorted() {
            guard let status = try folder.status(of: entry) else { continue }
            if let inner = try self.file(entry, path + [entry], status, relative + [entry]) {
                file.files.append(inner)
                if status.kind != .directory { stamp.note(entry, status) }
            }
        }
        return (isIgnored || isExcluded) && file.files.isEmpty ? nil : file
    }

    private static func scalars(_ path: some Sequence<FilePath>) -> [Unicode.Scalar] {
        Array(path.map(\.description).joined(separator: "/").unicodeScalars)
    }

    // MARK: Errors

    private func missing(_ pattern: String, _ path: [FilePath]?, to link: [FilePath]? = nil) -> EngineError {
        let isIgnored = path.flatMap { try? tree.status(of: $0) } != nil
        let reason = isIgnored ? "it is left out by its .dockerignore, or by --exclude" : "there is no such file"
        let way = link.map { ", to which the link \"/\(FilePath(joining: $0))\" leads," } ?? ""
        return EngineError(.notFound, "\"\(pattern)\"\(way) is not in \(tree.name): \(reason)")
    }

    private func failure(_ error: SystemError, _ pattern: String) -> EngineError {
        if error.number == ENOENT { return missing(pattern, nil) }
        return EngineError(.failed, "cannot read \"\(pattern)\" of \(tree.name): \(error)")
    }
}
