// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A system call that failed, in words.
package struct SystemFailure: Error, CustomStringConvertible {
    package var description: String

    package init(message: String) {
        description = message
    }

    package init(_ verb: String, _ object: String, _ number: Int32 = errno) {
        description = "cannot \(verb) \(object): \(String(cString: strerror(number)))"
    }
}

/// The programs that the package builds.
///
/// They stand in the folder of the running program, or in the one that `WHARF_PROGRAMS` names: to test a release build.
package enum Binaries {
    package static func path(of name: String) -> String {
        "\(folder)/\(name)"
    }

    private static let folder: String = {
        if let chosen = getenv("WHARF_PROGRAMS"), let path = realPath(String(cString: chosen)) { return path }
        let running = realPath("/proc/self/exe") ?? CommandLine.arguments[0]
        return String(running[..<(running.lastIndex(of: "/") ?? running.startIndex)])
    }()
}

/// The folders of the repository.
package enum Repository {
    /// The folder of `Package.swift`.
    package static let root: String = {
        var components = #filePath.split(separator: "/")
        components.removeLast(4)
        return "/" + components.joined(separator: "/")
    }()
}

/// A folder of one test, gone with everything in it when the last reference goes.
package final class Scratch: Sendable {
    package let path: String

    package init() throws(SystemFailure) {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/wharf-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemFailure("create a folder in", base) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        removeTree(path)
    }

    package static func / (scratch: Scratch, name: String) -> String {
        "\(scratch.path)/\(name)"
    }

    /// Writes a file, and the folders that lead to it.
    @discardableResult
    package func write(_ name: String, _ text: String) throws(SystemFailure) -> String {
        try write(name, bytes: Array(text.utf8))
    }

    /// Writes a file, and the folders that lead to it.
    @discardableResult
    package func write(_ name: String, bytes: [UInt8]) throws(SystemFailure) -> String {
        let path = self / name
        try writeFile(path, bytes)
        return path
    }

    /// Creates a symbolic link.
    package func link(_ name: String, to target: String) throws(SystemFailure) {
        if symlink(target, self / name) != 0 { throw SystemFailure("create", self / name) }
    }

    /// The text of a file.
    package func text(_ name: String) throws(SystemFailure) -> String {
        try readText(self / name)
    }
}

/// The text of a file, with invalid UTF-8 replaced.
package func readText(_ path: String) throws(SystemFailure) -> String {
    String(decoding: try readBytes(path), as: UTF8.self)
}

/// The bytes of a file.
package func readBytes(_ path: String) throws(SystemFailure) -> [UInt8] {
    guard let file = fopen(path, "re") else { throw SystemFailure("open", path) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { break }
        bytes += buffer[..<count]
    }
    if ferror(file) != 0 { throw SystemFailure("read", path) }
    return bytes
}

/// Writes a file, and the folders that lead to it.
package func writeFile(_ path: String, _ bytes: [UInt8]) throws(SystemFailure) {
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeFolder(String(path[..<slash])) }
    guard let file = fopen(path, "we") else { throw SystemFailure("create", path) }
    defer { fclose(file) }
    if fwrite(bytes, 1, bytes.count, file) != bytes.count { throw SystemFailure("write", path) }
}

/// Creates a folder, and the folders that lead to it, where they are missing.
package func makeFolder(_ path: String) throws(SystemFailure) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw SystemFailure("create", path)
    }
    try makeFolder(String(path[..<slash]))
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw SystemFailure("create", path) }
}

/// The names in a folder in order, without `.` and `..`; empty where there is no such folder.
package func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

/// The files below a folder in order, with their paths from it.
package func files(below folder: String) -> [String] {
    var found: [String] = []
    for name in names(in: folder) {
        let path = "\(folder)/\(name)"
        if isFolder(path) {
            found += files(below: path).map { "\(name)/\($0)" }
        } else {
            found.append(name)
        }
    }
    return found
}

/// Whether there is a folder at the path, not counting symbolic links.
package func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Whether there is an executable file at the path.
package func isExecutable(_ path: String) -> Bool {
    !isFolder(path) && access(path, X_OK) == 0
}

private func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// Removes whatever is at the path, with everything in it.
package func removeTree(_ path: String) { removeTree(Array(path.utf8CString)) }

/// Removes what is at a path that need not be UTF-8, as a C string.
private func removeTree(_ path: [CChar]) {
    // Fails for a directory, and for nothing else.
    if unlink(path) == 0 { return }
    guard let stream = opendir(path) else { return }
    var names: [[CChar]] = []
    while let entry = readdir(stream) {
        withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name))))
            }
        }
    }
    closedir(stream)
    let dot = CChar(UInt8(ascii: "."))
    for name in names where name != [dot] && name != [dot, dot] {
        removeTree(path.dropLast() + [CChar(UInt8(ascii: "/"))] + name + [0])
    }
    rmdir(path)
}
