// SPDX-License-Identifier: Apache-2.0

import Build
import Compose
import Glibc
import Linux
import Patterns
import Watch

/// A path that a service wants watched, and what is to be done when something there changes.
struct WatchedPath: Sendable {
    var service: String
    var rule: WatchRule
    /// Which files count.
    var filter: TreeFilter

    /// The path on the host.
    var path: String { rule.path }

    /// The path in the container as names, without `..`.
    var target: [Linux.FilePath] {
        var names: [Linux.FilePath] = []
        for name in Linux.FilePath((rule.target ?? "").utf8)?.components ?? [] {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        return names
    }

    /// Whether the target is a folder by the way it is written.
    var isTargetFolder: Bool { rule.target?.hasSuffix("/") == true }

    /// Whether files are copied into containers.
    var syncs: Bool { [.sync, .syncRestart, .syncExec].contains(rule.action) }
    /// Whether containers are restarted.
    var restarts: Bool { [.restart, .syncRestart].contains(rule.action) }
    /// Whether a command is run after a copy.
    var runsHook: Bool { rule.action == .syncExec }
    /// Whether the image is built anew.
    var rebuilds: Bool { rule.action == .rebuild }

    // MARK: Choosing

    /// What the services of a project want watched.
    ///
    /// - Parameters:
    ///   - wanted: The project, with the services that were named.
    ///   - warn: Hears of rules that are left out, and why.
    /// - Returns: The paths, at least one.
    /// - Throws: ``CommandFailure`` where there is none, or a rule is wrong.
    static func all(of wanted: WantedProject, warn: (String) -> Void) throws -> [WatchedPath] {
        let names = wanted.services.isEmpty ? wanted.project.services.keys.sorted() : wanted.services
        var paths: [WatchedPath] = []
        for name in names {
            guard let service = wanted.project.services[name] else { continue }
            for rule in service.develop?.watch ?? [] {
                if let reason = try obstacle(to: rule, of: name, service) {
                    warn(reason)
                    continue
                }
                paths.append(WatchedPath(service: name, rule: rule, filter: try filter(rule, of: name, service)))
            }
        }
        if paths.isEmpty {
            // These words are Docker Compose's, which scripts look for.
            throw CommandFailure(
                message: "none of the selected services is configured for watch, consider setting a 'develop' section"
            )
        }
        return paths
    }

    /// Why a rule is left out; nil where it is not.
    private static func obstacle(to rule: WatchRule, of name: String, _ service: Service) throws -> String? {
        if rule.action == .rebuild {
            guard service.build != nil else {
                throw CommandFailure(
                    message: "can't watch service \"\(name)\" with action rebuild without a build context"
                )
            }
            return nil
        }
        guard WatchedPath(service: name, rule: rule, filter: TreeFilter(of: "/")).syncs else { return nil }
        let target = rule.target ?? ""
        for mount in service.volumes where mount.kind == .bind {
            if let source = mount.source, isPath(rule.path, in: source) {
                return "path '\(rule.path)' also declared by a bind mount volume, this path won't be monitored!"
            }
            if let covered = mount.target, isPath(target, in: covered) {
                return "service \"\(name)\": `\(rule.path)` is not synced to `\(target)`: the bind mount of "
                    + "`\(mount.source ?? "")` at `\(covered)` covers that, and a copy would change the files of the host"
            }
        }
        return nil
    }

    private static func isPath(_ path: String, in folder: String) -> Bool {
        func names(_ text: String) -> [Substring] { text.split(separator: "/").filter { $0 != "." } }
        return names(path).starts(with: names(folder))
    }

    // MARK: Filters

    private static func filter(_ rule: WatchRule, of name: String, _ service: Service) throws -> TreeFilter {
        var filter = TreeFilter(of: Linux.FilePath(rule.path.utf8) ?? "/")
        do throws(PatternProblem) {
            filter.ignore(try PathPatterns(rule.ignore))
            filter.include(try PathPatterns(rule.include))
        } catch {
            throw CommandFailure(message: "service \"\(name)\": a rule of `develop.watch` for `\(rule.path)`: \(error)")
        }
        if let context = service.build?.context, context.hasPrefix("/") {
            try addIgnoreFile(of: context, service.build?.dockerfile ?? "Dockerfile", to: &filter)
        }
        return filter
    }

    /// Leaves out what a build leaves out: the file beside the Dockerfile counts more than that of the context.
    private static func addIgnoreFile(of context: String, _ dockerfile: String, to filter: inout TreeFilter) throws {
        let file = dockerfile.hasPrefix("/") ? dockerfile : "\(context)/\(dockerfile)"
        for path in IgnoreFile.candidates(dockerfile: file, context: context) {
            do {
                let bytes = try Descriptor.open(path, 0).contents(limit: 1 << 20)
                filter.ignore(
                    try PathPatterns(file: String(decoding: bytes, as: UTF8.self)),
                    in: Linux.FilePath(context.utf8)
                )
                return
            } catch let error as SystemError {
                if [ENOENT, ENOTDIR].contains(error.number) { continue }
                throw CommandFailure(message: "cannot read `\(path)`: \(error)")
            } catch {
                throw CommandFailure(message: "`\(path)`: \(error)")
            }
        }
    }
}
