// SPDX-License-Identifier: Apache-2.0

/// Where the files of a copy go, by the rules of `docker cp`, which are those of cp(1) made strict.
struct CopyPlan: Equatable {
    /// The folder that is written to; it has to exist.
    var folder: String
    /// The name in that folder; nil puts the content of the source right into it.
    var name: String?

    /// What is copied.
    struct Source {
        /// The name of the file or folder; nil where the path ends in `/.`, which means the content.
        var name: String?
        var isFolder: Bool
    }

    /// What stands where it is copied to.
    struct Destination {
        /// An absolute path with the `/` or `/.` that it was written with at its end.
        var path: String
        var exists: Bool
        var isFolder: Bool
    }

    /// Plans a copy.
    ///
    /// - Throws: ``CommandFailure`` where the rules forbid it.
    init(_ source: Source, to destination: Destination) throws {
        let path = Self.trimmed(destination.path)
        if destination.exists && destination.isFolder {
            (folder, name) = (path, source.name)
            return
        }
        if destination.exists, source.isFolder {
            throw CommandFailure(message: "cannot copy a folder onto the file `\(destination.path)`")
        }
        if !source.isFolder, destination.path.hasSuffix("/") || destination.path.hasSuffix("/.") {
            let reason =
                destination.exists ? "is no folder" : "does not exist; a name that ends in `/` has to be a folder"
            throw CommandFailure(message: "cannot copy to `\(destination.path)`: it \(reason)")
        }
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        name = String(path[slash...].dropFirst())
        folder = slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The path without `/` and `/.` at its end.
    static func trimmed(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") || path.hasSuffix("/.") {
            path.removeLast(path.hasSuffix("/") ? 1 : 2)
        }
        return path.isEmpty ? "/" : String(path)
    }

    /// The name that a path ends in; nil where it ends in `/.` or is the root.
    static func name(of path: String) -> String? {
        if path == "." || path.hasSuffix("/.") { return nil }
        let path = trimmed(path)
        let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        return name.isEmpty ? nil : String(name)
    }
}

/// One side of a copy as it is written: a path here, or `CONTAINER:PATH`.
enum CopyPlace: Equatable {
    case here(String)
    case container(String, path: String)
    /// `-`: a tar on a standard stream.
    case stream

    init(_ text: String) {
        if text == "-" {
            self = .stream
            return
        }
        // A path with a colon is told from a container by the `/` or `.` that it begins with.
        guard !text.hasPrefix("/"), let colon = text.firstIndex(of: ":"), !text.hasPrefix("."), colon != text.startIndex
        else {
            self = .here(text)
            return
        }
        let path = String(text[text.index(after: colon)...])
        self = .container(String(text[..<colon]), path: path.hasPrefix("/") ? path : "/" + path)
    }
}
