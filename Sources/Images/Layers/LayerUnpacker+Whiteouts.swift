// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

extension LayerUnpacker {
    /// Hides a file of the layers below; what this layer has under the name stays.
    func hideLower(_ name: FilePath, in path: [FilePath]) throws(ImageError) {
        let place = try find(path)
        if place.isMissing { return }
        if case .absent = try lowerNode(of: name, in: place) { return }
        guard let status = try status(of: name, in: place) else {
            return try mark(name, in: create(place))
        }
        if status.kind == .directory, let directory = directory(of: place) {
            try system("hide what is below \(place.path(of: name))") { () throws(SystemError) in
                try makeOpaque(directory.descriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
            }
            lastPlace = nil
        }
    }

    /// Hides what the layers below have in a directory.
    func hideLower(in path: [FilePath]) throws(ImageError) {
        try checkLowerIsKnown()
        let place = try find(path)
        if place.steps.isEmpty {
            rootIsOpaque = true
            return
        }
        if lowerLayers(of: place).isEmpty { return }
        let created = try create(place)
        guard let directory = directory(of: created) else { return }
        try system("hide what is below \(FilePath(joining: created.path))") { () throws(SystemError) in
            try makeOpaque(directory.descriptor)
        }
        lastPlace = nil
    }

    /// Hides all files of the layers below one by one: overlayfs does not look at the mark of its root.
    func hideLowerRoot() throws(ImageError) {
        let names = try system("list the layers below") { () throws(SystemError) in
            try lower.names(in: ".", layers: Array(lower.roots.indices))
        }
        for name in names.sorted() { try hideLower(name, in: []) }
    }

    private func mark(_ name: FilePath, in place: Place) throws(ImageError) {
        guard let directory = directory(of: place) else { return }
        try system("mark \(place.path(of: name)) as removed") { () throws(SystemError) in
            try directory.descriptor.makeNode(name, kind: .characterDevice, mode: 0)
            // So that the same layer always looks the same.
            let time = FileTime(seconds: 0)
            let file = try directory.descriptor.open(name, OpenFlags.pathOnly | O_NOFOLLOW)
            try file.setTimes(access: time, modification: time)
        }
    }
}
