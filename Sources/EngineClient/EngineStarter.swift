// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux

/// Starts the engine of a location.
struct EngineStarter: Sendable {
    private let location: EngineLocation

    /// Where the program of the engine is looked for first.
    private static let variable = "WHARF_WHARFD"
    /// What the engine writes when it serves.
    private static let readyWord = "ready\n"
    private static let longestReport = 1 << 16

    init(_ location: EngineLocation) {
        self.location = location
    }

    /// Starts an engine and waits until it serves, or until it has found that another one does.
    func start() throws(ClientError) {
        let program = try Self.program()
        do {
            try Pipe().split { reader, writer in
                let pid = try DetachedProgram.start(
                    program,
                    arguments,
                    environment: Self.environment(),
                    report: writer
                )
                // Nobody but the engine may keep the pipe open.
                _ = consume writer
                let process = try Descriptor.process(pid)
                let report = try Self.text(from: reader)
                if report == Self.readyWord { return }
                let end = Self.end(of: process)
                if !report.isEmpty || end != .exit(0) { throw failure(program, report, end) }
            }
        } catch let error as ClientError {
            throw error
        } catch {
            throw ClientError(.unreachable, "cannot start the engine \(program): \(error)")
        }
    }

    private var arguments: [String] {
        // A location that does not come from a root comes from variables, which the engine gets as well.
        let root = location.runtime == location.data + "/run" ? ["--root", location.data] : []
        return root + ["--ready-fd", "3"]
    }

    private static func text(from reader: borrowing Descriptor) throws(SystemError) -> String {
        var bytes: [UInt8] = []
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 1)
        defer { piece.deallocate() }
        while bytes.count < longestReport {
            let count = try reader.read(into: piece)
            if count == 0 { break }
            bytes += piece[..<count]
            // What is written after this word comes too late to matter.
            if bytes == Array(readyWord.utf8) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// How the engine's process ended; nil where it has not.
    private static func end(of process: borrowing Descriptor) -> ProcessEnd? {
        // It has closed the pipe, most likely because it ends; a kernel needs a moment for that.
        var wait = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, 2000) == 1 else { return nil }
        return try? process.waitForProcess()
    }

    private func failure(_ program: String, _ report: String, _ end: ProcessEnd?) -> ClientError {
        var reason = report[...]
        while reason.last?.isWhitespace == true { reason.removeLast() }
        if reason.isEmpty {
            reason =
                switch end {
                case .exit(let status)?: "it ended with the status \(status)"
                case .signal(let number)?: "it was ended by signal \(number)"
                case nil: "it did not say that it serves"
                }
        }
        // Where its folder is what fails there is none.
        let log = access(location.log, F_OK) == 0 ? "; see its log \(location.log)" : ""
        return ClientError(.unreachable, "the engine \(program) did not start: \(reason)\(log)")
    }

    // MARK: The program

    /// The program of the engine: the one that `WHARF_WHARFD` names, the one beside our own, or the first of `PATH`.
    private static func program() throws(ClientError) -> String {
        if let chosen = value(of: variable), !chosen.isEmpty {
            if isProgram(chosen) { return chosen }
            throw ClientError(
                .unreachable,
                "cannot start the engine: `\(variable)` names `\(chosen)`, which is no program"
            )
        }
        var folders: [String] = []
        if let own = ownProgram(), let slash = own.lastIndex(of: "/") { folders.append(String(own[..<slash])) }
        folders += (value(of: "PATH") ?? "").split(separator: ":").map(String.init)
        if let found = folders.map({ $0 + "/wharfd" }).first(where: isProgram) { return found }
        throw ClientError(
            .unreachable,
            "cannot start the engine: there is no `wharfd` beside `wharf` and none in PATH; "
                + "install it there, or name it in `\(variable)`"
        )
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return path.hasPrefix("/") && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && access(path, X_OK) == 0
    }

    private static func ownProgram() -> String? {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }

    private static func value(of variable: String) -> String? {
        getenv(variable).map { String(cString: $0) }
    }

    /// What the engine gets of our environment.
    ///
    /// It outlives us, so that it gets nothing that is not meant for it.
    private static func environment() -> [String] {
        let names: Set = [
            "PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
            "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
        ]
        var kept: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let variable = String(cString: text)
            let name = variable.prefix { $0 != "=" }
            if names.contains(String(name)) || name.hasPrefix("WHARF_") || name.hasPrefix("LC_") {
                kept.append(variable)
            }
            entry += 1
        }
        return kept
    }
}
