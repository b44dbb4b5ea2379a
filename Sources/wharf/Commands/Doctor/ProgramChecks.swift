// SPDX-License-Identifier: Apache-2.0

import EngineClient
import Glibc
import Linux

/// The programs that belong to this one.
enum ProgramChecks {
    /// The checks.
    static func run() -> [Check] { [engine(), keeper()] }

    private static func engine() -> Check {
        check("wharfd", variable: "WHARF_WHARFD") { path in
            let (end, text) = try ProgramRun.answer(of: path, ["--version"])
            let words = text.split(whereSeparator: \.isWhitespace)
            guard end == .exit(0), let version = words.last else {
                return .problem(
                    .programs,
                    "wharfd",
                    "\(path) does not tell its version\(shown(text))",
                    remedy: "install wharf and wharfd of one release"
                )
            }
            guard version == VersionCommand.number else {
                return .problem(
                    .programs,
                    "wharfd",
                    "\(path) has version \(version), and this is version \(VersionCommand.number)",
                    remedy: "install wharf and wharfd of one release"
                )
            }
            return .ok(.programs, "wharfd", "\(path), version \(version)")
        }
    }

    private static func keeper() -> Check {
        check("wharf-keeper", variable: nil) { path in
            // Without arguments it says how it is called, and does nothing else.
            let (end, text) = try ProgramRun.answer(of: path)
            guard end == .exit(1), text.hasPrefix("usage: wharf-keeper") else {
                return .problem(
                    .programs,
                    "wharf-keeper",
                    "\(path) does not run\(shown(text))",
                    remedy: "install the wharf-keeper of this release"
                )
            }
            return .ok(.programs, "wharf-keeper", path)
        }
    }

    private static func shown(_ text: String) -> String {
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        return line.isEmpty ? "" : ": it says `\(line.prefix(200))`"
    }

    private static func check(_ name: String, variable: String?, _ look: (String) throws -> Check) -> Check {
        guard let path = path(of: name, variable: variable) else {
            return .problem(
                .programs,
                name,
                "\(name) is neither beside wharf nor in PATH",
                remedy: "install it beside wharf" + (variable.map { ", or name it in `\($0)`" } ?? "")
            )
        }
        do {
            return try look(path)
        } catch {
            return .problem(.programs, name, "\(path) does not start: \(error)", remedy: "install it again")
        }
    }

    /// The program that a variable names, the one beside our own, or the first of `PATH`.
    private static func path(of name: String, variable: String?) -> String? {
        if let chosen = variable.flatMap({ getenv($0) }).map({ String(cString: $0) }), !chosen.isEmpty { return chosen }
        var folders: [String] = []
        if let own = realpath("/proc/self/exe", nil) {
            let path = String(cString: own)
            free(own)
            if let slash = path.lastIndex(of: "/") { folders.append(String(path[..<slash])) }
        }
        folders += (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
        return folders.map { "\($0)/\(name)" }.first { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
        }
    }
}
