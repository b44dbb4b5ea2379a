// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// A file that a request gives to a container: where it comes from and whose it is, without what it holds.
struct RequestedFile: Codable, Equatable, Sendable {
    /// Its place in the list of the request, which is its name in ``GivenFileMemory``.
    var number: Int
    /// The file of the host that it is read from; nil for one whose content was in the request.
    var source: String?
    var uid: UInt32
    var gid: UInt32
    /// The bits of permission.
    var mode: UInt32
    var isSecret: Bool

    /// What one file may hold, in bytes.
    static let largest = 1 << 20
    /// What all files of a container may hold together, in bytes: what a request has room for.
    static let largestSum = 4 << 20
    /// How many a container may have.
    static let most = 256

    /// How errors call it.
    var word: String { isSecret ? "secret" : "config" }
}

extension RequestedMount {
    /// The mount of one of `XWharfFiles`, whose numbers were checked by ``RequestChecker/checkFiles(_:)``.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - number: Its place in the list.
    /// - Throws: What is wrong with its place in the container.
    init(_ file: GivenFile, number: Int) throws(RequestProblem) {
        let isSecret = file.kind == "secret"
        let requested = RequestedFile(
            number: number,
            source: file.source.isEmpty ? nil : HostPath.clean(file.source),
            uid: UInt32(clamping: file.uid),
            gid: UInt32(clamping: file.gid),
            mode: UInt32(clamping: file.mode ?? 0o444),
            isSecret: isSecret
        )
        let destination = try Self.destination(file.target, requested.word)
        self.init(kind: .file(requested), destination: destination)
        isWritable = false
    }
}

extension RequestChecker {
    /// Checks the configs and secrets of a request, but for their places, which are those of mounts.
    mutating func checkFiles(_ files: [GivenFile]) {
        require(files.count <= RequestedFile.most, "there are more than \(RequestedFile.most) configs and secrets")
        let sum = files.reduce(0) { $0 + ($1.content?.bytes.count ?? 0) }
        require(
            sum <= RequestedFile.largestSum,
            "the configs and secrets hold \(sum) bytes together, and \(RequestedFile.largestSum) is the most"
        )
        for file in files.prefix(RequestedFile.most) {
            let name = "the \(file.kind == "secret" ? "secret" : "config") \(file.target.prefix(256))"
            require(
                ["", "secret", "config"].contains(file.kind),
                "\(name) has the kind \"\(file.kind.prefix(32))\"; it is `secret` or `config`"
            )
            require(
                (file.content == nil) != file.source.isEmpty,
                "\(name) needs a Content or a Source, and not both"
            )
            if let content = file.content {
                require(
                    content.bytes.count <= RequestedFile.largest,
                    "\(name) holds \(content.bytes.count) bytes, and \(RequestedFile.largest) is the most"
                )
            } else {
                require(
                    file.source.hasPrefix("/") && file.source.utf8.count < 4096 && !file.source.utf8.contains(0),
                    "\(name) has the source '\(file.source.prefix(256))', which is no absolute path"
                )
            }
            for (field, id) in [("UID", file.uid), ("GID", file.gid)] {
                require(
                    (0...Int64(Int32.max)).contains(id),
                    "\(name): uids and gids must be in range 0-2147483647: \(field) is \(id)"
                )
            }
            require(
                (0...0o7777).contains(file.mode ?? 0),
                "\(name) has the mode \(file.mode ?? 0), which is not a file's: give the number of one such as 292, "
                    + "which is 0444"
            )
        }
    }
}

extension HostConfig {
    /// Takes out what its files hold, so that neither a record nor an answer has it.
    ///
    /// - Returns: The contents by the places of the files in the list.
    mutating func takeFileContents() -> [Int: HiddenBytes] {
        var contents: [Int: HiddenBytes] = [:]
        for (number, file) in (files ?? []).enumerated() {
            contents[number] = file.content
            files?[number].content = nil
        }
        return contents
    }
}
