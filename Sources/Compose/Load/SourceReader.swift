// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Reads files that a compose file names, none of which is to be trusted.
enum SourceReader {
    /// Why a file could not be read.
    struct Failure: Error {
        /// The whole sentence, with the path and the system's answer.
        var message: String
        /// Whether nothing stands at the path.
        var isMissing = false
    }

    /// A text longer than this is refused; the largest compose files known are a hundred times smaller.
    static let sizeLimit = 32 << 20

    /// The bytes of a file, or of standard input where the path is `-`.
    ///
    /// A device or a pipe is read up to ``sizeLimit``; a pipe without a writer is refused, so that nothing hangs.
    static func read(_ path: String) throws(Failure) -> [UInt8] {
        if path == "-" {
            return try drain(STDIN_FILENO, path: "<stdin>", expecting: 4096)
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw failure(path, errno)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw failure(path, errno)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG:
            guard status.st_size <= sizeLimit else {
                throw tooLarge(path)
            }
        case S_IFDIR:
            throw Failure(message: "cannot read `\(path)`: it is a directory")
        case S_IFCHR:
            guard !isTerminal(descriptor) else {
                throw Failure(message: "cannot read `\(path)`: it is a terminal")
            }
        default:
            // Process substitution hands over a pipe whose writer may not have written yet.
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
            let contents = try drain(descriptor, path: path, expecting: 4096)
            guard !contents.isEmpty else {
                throw Failure(message: "cannot read `\(path)`: it is a pipe that nobody has written to")
            }
            return contents
        }
        return try drain(descriptor, path: path, expecting: Int(status.st_size))
    }

    private static func isTerminal(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1
    }

    private static func drain(_ descriptor: Int32, path: String, expecting size: Int) throws(Failure) -> [UInt8] {
        var contents: [UInt8] = []
        var chunk = max(4096, min(size + 1, sizeLimit + 1))
        while true {
            let start = contents.count
            var readError: Int32 = 0
            var count = 0
            contents.append(contentsOf: repeatElement(0, count: chunk))
            contents.withUnsafeMutableBytes { buffer in
                repeat {
                    count = Glibc.read(descriptor, buffer.baseAddress.map { $0 + start }, chunk)
                    readError = count < 0 ? errno : 0
                } while readError == EINTR
            }
            contents.removeLast(chunk - max(0, count))
            guard count >= 0 else {
                throw failure(path, readError)
            }
            guard count > 0 else {
                return contents
            }
            if contents.count > sizeLimit {
                throw tooLarge(path)
            }
            // An endless device such as /dev/zero shows itself in its first bytes.
            if start == 0, contents.prefix(4096).contains(0), !looksLikeUTF16(contents) {
                return contents
            }
            chunk = max(4096, min(chunk * 2, sizeLimit + 1 - contents.count))
        }
    }

    private static func looksLikeUTF16(_ contents: [UInt8]) -> Bool {
        contents.starts(with: [0xFF, 0xFE]) || contents.starts(with: [0xFE, 0xFF])
    }

    private static func tooLarge(_ path: String) -> Failure {
        Failure(message: "cannot read `\(path)`: it is larger than \(sizeLimit >> 20) MiB")
    }

    private static func failure(_ path: String, _ error: Int32) -> Failure {
        let reason = String(cString: strerror(error)).lowercased()
        return Failure(message: "cannot read `\(path)`: \(reason)", isMissing: error == ENOENT || error == ENOTDIR)
    }
}
