// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Images
import Linux
import Watch

/// Copies files that have changed into the containers of a service, running or not, without any program in them.
struct ServiceSync {
    let client: EngineClient
    let project: String
    let paths: [WatchedPath]

    /// How many paths one request removes at most.
    private static let portion = 1000

    /// The containers of a service, those of `run` left out.
    func containers(of service: String) throws -> [ContainerSummary] {
        let filters = Filters(["label": ProjectLabel.containers(of: project, service: service)])
        return try client.listContainers(showsAll: true, filters).filter { !$0.isOneOff }.sorted { $0.name < $1.name }
    }

    /// Brings changes to all containers of a service.
    ///
    /// - Parameters:
    ///   - changes: The changes.
    ///   - service: The service.
    /// - Returns: What could not be done, in words; none where all containers have all of it.
    /// - Throws: What the client throws where the containers cannot be told.
    func run(_ changes: [TreeChange], of service: String) throws -> [String] {
        let found = try containers(of: service)
        if found.isEmpty {
            return ["service \"\(service)\" has no container to copy to: make it with `wharf up -d \(service)`"]
        }
        var problems: [String] = []
        for container in found {
            for (number, part) in Dictionary(grouping: changes, by: \.tree).sorted(by: { $0.key < $1.key }) {
                do {
                    problems += try bring(part.sorted(), paths[number], to: container)
                } catch let error as EngineError where error.code == .notFound && isGone(container) {
                    // A change of the service has removed it; the one in its place is made with what the image has.
                    break
                } catch {
                    problems.append("cannot sync `\(paths[number].path)` to \(container.name): \(error)")
                }
            }
        }
        return problems
    }

    private func isGone(_ container: ContainerSummary) -> Bool {
        (try? client.inspectContainer(container.id)) == nil
    }

    /// Brings changes of one tree to a container.
    private func bring(
        _ changes: [TreeChange],
        _ path: WatchedPath,
        to container: ContainerSummary
    ) throws -> [String] {
        let tree = try? HostTree(path.path)
        let status = try tree?.status()
        // Of a tree that is gone only a file is told as a whole.
        let isFile = status.map { $0.kind != .directory } ?? changes.contains { $0.path == "." }
        var target = path.target
        if isFile, path.isTargetFolder, let name = FilePath(path.path.utf8)?.components.last { target.append(name) }
        var problems = try remove(changes.filter { $0.kind == .removed }, at: target, of: container)
        let changed = changes.filter { $0.kind == .changed }.map(\.path)
        if !changed.isEmpty, let tree, status != nil {
            problems += try copy(changed, of: tree, isFile: isFile, to: target, of: container)
        }
        return problems
    }

    private func remove(
        _ changes: [TreeChange],
        at target: [FilePath],
        of container: ContainerSummary
    ) throws -> [String] {
        var problems: [String] = []
        var names: [String] = []
        for change in changes {
            let place = target + change.path.components
            let bytes = place.flatMap { [UInt8(ascii: "/")] + $0.bytes }
            if let text = String(validating: bytes, as: UTF8.self), !text.isEmpty {
                names.append(text)
            } else {
                problems.append("cannot remove `\(change.path)` from \(container.name): its name is not UTF-8")
            }
        }
        var rest = names[...]
        while !rest.isEmpty {
            try client.removeFiles(of: container.id, Array(rest.prefix(Self.portion)))
            rest = rest.dropFirst(Self.portion)
        }
        return problems
    }

    private func copy(
        _ changed: [FilePath],
        of tree: HostTree,
        isFile: Bool,
        to target: [FilePath],
        of container: ContainerSummary
    ) throws -> [String] {
        let base = isFile ? Array(target.dropLast()) : target
        // What is not there is made from the nearest folder that is: those above it may be read-only.
        var depth = base.count
        while try !exists(Array(base.prefix(depth)), in: container) { depth -= 1 }
        let isThere = depth == base.count
        let prefix = target.dropFirst(depth)
        var files = changed
        if !isFile {
            files.removeAll { $0 == "." }
            if !isThere { files.insert(".", at: 0) }
        }
        if files.isEmpty { return [] }
        var problems: [String] = []
        let body = Request.Body.generated(contentType: "application/x-tar") { write in
            try withoutActuallyEscaping(write) { write in
                let sink = FunctionSink(write)
                do {
                    let writer = TarWriter(sink)
                    let archiver = ChangeArchiver(writer)
                    for file in files {
                        try archiver.write(file, of: tree, as: FilePath(joining: prefix + file.components))
                    }
                    try writer.finish()
                    problems = archiver.problems
                } catch {
                    throw sink.failure ?? error
                }
            }
        }
        let folder = base.prefix(depth).map { "/\($0)" }.joined()
        try client.extract(
            into: container.id,
            at: folder.isEmpty ? "/" : folder,
            keepsKinds: true,
            copiesOwners: true,
            body
        )
        return problems
    }

    private func exists(_ path: [FilePath], in container: ContainerSummary) throws -> Bool {
        if path.isEmpty { return true }
        do {
            _ = try client.fileStatus(in: container.id, at: path.map { "/\($0)" }.joined() + "/")
            return true
        } catch let error as EngineError where error.code == .notFound {
            return false
        }
    }
}
