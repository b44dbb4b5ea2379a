// SPDX-License-Identifier: Apache-2.0

import YAML

/// Reads `.env` files, `env_file`s and `label_file`s into variables with their places.
struct EnvFileReader {
    /// The two grammars of such files.
    enum Format: String {
        /// Quotes, comments and `${…}`.
        case dotenv
        /// `docker run --env-file`: every line taken as it is.
        case raw
    }

    let context: LoadContext

    /// The variables of a file, or nil after reporting that it cannot be read.
    ///
    /// - Parameters:
    ///   - path: The absolute path.
    ///   - format: The grammar.
    ///   - referrer: Where the file is named, if it is.
    ///   - earlier: The variables of the files before this one; its own win over those.
    ///   - lookup: The variables that the file may use and that win over its own.
    /// - Returns: The variables with their places.
    func read(
        _ path: String,
        format: Format,
        referrer: Origin?,
        after earlier: [String: String] = [:],
        lookup: (String) -> String?
    ) -> ProjectEnvironment? {
        let contents: [UInt8]
        do {
            contents = try context.read(path)
        } catch {
            context.diagnostics.error(.unreadableFile, error.message, at: referrer)
            return nil
        }
        let id = context.add(path, contents)
        guard !contents.contains(0) else {
            context.diagnostics.error(
                .syntax,
                "the file `\(path)` is not text: it holds NUL bytes",
                at: Origin(file: id, line: 1, column: 1)
            )
            return nil
        }
        do {
            let file =
                switch format {
                case .dotenv: try DotEnv.parse(contents, after: earlier, lookup: lookup)
                case .raw: try RawEnvFile.parse(contents, lookup: lookup)
                }
            return environment(of: file, in: id)
        } catch {
            context.diagnostics.error(
                .syntax,
                error.message,
                at: Origin(file: id, line: UInt32(clamping: error.line), column: UInt32(clamping: error.column))
            )
            return nil
        }
    }

    private func environment(of file: DotEnvFile, in id: SourceID) -> ProjectEnvironment {
        for unset in file.unset {
            let origin = Origin(file: id, line: UInt32(clamping: unset.line), column: 1)
            context.reportUnset(unset.name, at: origin, path: NodePath())
        }
        var environment = ProjectEnvironment()
        for entry in file.entries {
            var origin = Origin(file: id, line: UInt32(clamping: entry.line), column: 1)
            if !entry.variables.isEmpty {
                origin.interpolation = context.interpolation(of: entry.variables)
            }
            environment.set(entry.name, to: entry.value, origin: origin)
        }
        return environment
    }
}
