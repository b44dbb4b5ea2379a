// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A directory of the merged view while a layer is written.
struct Place {
    /// A directory on the way from the root.
    struct Step {
        var name: FilePath
        /// The directory in the layer that is written; nil where it is not there yet.
        var directory: OpenDirectory?
        /// The layers below that contribute to it.
        var lower: [Int]
        /// Whether no layer has it.
        var isMissing = false
    }

    var steps: [Step] = []

    /// The names from the root on, none of which is a link.
    var path: [FilePath] { steps.map(\.name) }

    /// Whether no layer has it.
    var isMissing: Bool { steps.last?.isMissing ?? false }

    func path(of name: FilePath) -> FilePath { FilePath(joining: path + [name]) }
}

extension LayerUnpacker {
    /// How many links a path may lead over, as in Linux.
    private static let linkLimit = 40

    func directory(of place: Place) -> OpenDirectory? {
        guard let last = place.steps.last else { return root }
        return last.directory
    }

    func lowerLayers(of place: Place) -> [Int] {
        guard let last = place.steps.last else { return Array(lower.roots.indices) }
        return last.lower
    }

    /// What the layer that is written has under a name.
    func status(of name: FilePath, in place: Place) throws(ImageError) -> FileStatus? {
        guard let directory = directory(of: place) else { return nil }
        return try system("look up \(place.path(of: name))") { () throws(SystemError) in
            try directory.descriptor.status(of: name)
        }
    }

    /// What the layers below have under a name.
    func lowerNode(of name: FilePath, in place: Place) throws(ImageError) -> LowerLayers.Node {
        try checkLowerIsKnown()
        let layers = lowerLayers(of: place)
        if layers.isEmpty { return .absent }
        return try system("look up \(place.path(of: name)) in the layers below") { () throws(SystemError) in
            try lower.lookUp(place.path(of: name), in: layers)
        }
    }

    /// Finds a directory; it need not be there.
    ///
    /// - Parameter path: The names from the root of the image on; links among them are followed inside the image.
    /// - Returns: Where it is or would be.
    /// - Throws: ``ImageError/Code/invalidArchive`` where something on the way is neither a directory nor a link.
    func find(_ path: [FilePath]) throws(ImageError) -> Place {
        var place = Place()
        var pending = Array(path.reversed())
        var linkCount = 0
        while let name = pending.popLast() {
            if name == EntryPath.dotDot {
                _ = place.steps.popLast()
            } else if let target = try enter(name, &place) {
                linkCount += 1
                if linkCount > Self.linkLimit {
                    throw ImageError(.invalidArchive, "its path leads over more than \(Self.linkLimit) links")
                }
                if target.isAbsolute { place.steps = [] }
                pending += target.components.reversed()
            }
            if place.steps.count > limits.directoryDepth {
                throw ImageError(.limitExceeded, "its path is deeper than \(limits.directoryDepth) directories")
            }
        }
        return place
    }

    /// Goes one step on, or gives the target where the name is a link.
    private func enter(_ name: FilePath, _ place: inout Place) throws(ImageError) -> FilePath? {
        let file = place.path(of: name)
        guard let status = try status(of: name, in: place), let directory = directory(of: place) else {
            switch try lowerNode(of: name, in: place) {
            case .absent: place.steps.append(Place.Step(name: name, lower: [], isMissing: true))
            case .directory(let layers): place.steps.append(Place.Step(name: name, lower: layers))
            case .file(let layer, let status):
                guard status.kind == .symbolicLink else { throw notADirectory(file) }
                return try system("read the link \(file)") { () throws(SystemError) in
                    // The link's directory is one in this layer, so that its path has no links.
                    let parent = try lower.open(FilePath(joining: place.path), in: layer, O_RDONLY | O_DIRECTORY)
                    return try parent.linkTarget(of: name)
                }
            }
            return nil
        }
        if OverlayMark.isWhiteout(status) {
            place.steps.append(Place.Step(name: name, lower: [], isMissing: true))
            return nil
        }
        switch status.kind {
        case .symbolicLink:
            return try system("read the link \(file)") { () throws(SystemError) in
                try directory.descriptor.linkTarget(of: name)
            }
        case .directory:
            let (child, isOpaque) = try system("open \(file)") { () throws(SystemError) in
                let child = OpenDirectory(
                    try directory.descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
                )
                return (child, tree == nil ? try OverlayMark.isOpaque(child.descriptor) : false)
            }
            if tree != nil { try TreeUnpacker.check(child.descriptor, file) }
            var layers: [Int] = []
            // What lies below does not change this folder; where it is unknown nothing is asked that depends on it.
            let showsLower = !isOpaque && !lower.isUnknown
            if showsLower, case .directory(let found) = try lowerNode(of: name, in: place) { layers = found }
            place.steps.append(Place.Step(name: name, directory: child, lower: layers))
            return nil
        default: throw notADirectory(file)
        }
    }

    private func notADirectory(_ path: FilePath) -> ImageError {
        ImageError(.invalidArchive, "`\(path)` on its way is not a directory")
    }

    /// Finds a directory and creates in the layer what is missing of it.
    func openPlace(_ path: [FilePath]) throws(ImageError) -> Place {
        if let lastPlace, lastPlace.path == path { return lastPlace.place }
        let place = try create(find(path))
        lastPlace = (path, place)
        return place
    }

    /// Creates a directory and those on the way to it where the layer does not have them.
    ///
    /// One that a lower layer has looks as it does there.
    ///
    /// - Parameter place: Where it is to be.
    /// - Returns: The same place, with every directory open.
    /// - Throws: The error of a call.
    func create(_ place: Place) throws(ImageError) -> Place {
        var done = Place()
        for step in place.steps {
            var step = step
            if step.directory == nil, let parent = directory(of: done) {
                step.directory = try create(step, in: parent, of: done)
                step.isMissing = false
            }
            done.steps.append(step)
        }
        return done
    }

    private func create(
        _ step: Place.Step,
        in parent: OpenDirectory,
        of place: Place
    ) throws(ImageError) -> OpenDirectory {
        let path = place.path + [step.name]
        let file = FilePath(joining: path)
        return try system("create \(file)") { () throws(SystemError) in
            let mark = try parent.descriptor.status(of: step.name)
            if mark != nil { try parent.descriptor.remove(step.name) }
            try parent.descriptor.makeDirectory(step.name, mode: 0o755)
            let directory = OpenDirectory(
                try parent.descriptor.open(step.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            )
            if tree == nil { directoryTimes[path] = (FileTime(seconds: 0), FileTime(seconds: 0)) }
            if let layer = step.lower.first {
                let original = try lower.open(file, in: layer)
                try copyMetadata(from: original, to: directory.descriptor)
                let status = try original.status()
                directoryTimes[path] = (status.accessTime, status.modificationTime)
            } else {
                if tree != nil { try directory.descriptor.setOwner(uid: 0, gid: 0) }
                let groupBit = tree == nil ? 0 : try directory.descriptor.status().permissions & 0o2000
                try directory.descriptor.setPermissions(0o755 | groupBit)
                if mark != nil, tree == nil {
                    try makeOpaque(directory.descriptor)
                }
            }
            return directory
        }
    }
}
