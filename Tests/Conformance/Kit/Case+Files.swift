// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

extension Case {
    /// Writes the files of the case.
    ///
    /// - Parameters:
    ///   - project: the folder of the project, which is made.
    ///   - home: the home folder, which is made.
    /// - Throws: when something cannot be written.
    package func write(project: String, home: String) throws {
        let manager = FileManager.default
        for folder in [project, home] {
            try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        for file in files {
            let path = file.path.hasPrefix("~/") ? home + file.path.dropFirst() : "\(project)/\(file.path)"
            let parent = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex))
            try manager.createDirectory(atPath: parent, withIntermediateDirectories: true)
            switch file.content {
            case .directory:
                try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
            case .link(let target):
                try manager.createSymbolicLink(atPath: path, withDestinationPath: Self.expand(target, project))
            case .bytes(let bytes):
                try Data(Self.expand(bytes, project)).write(to: URL(filePath: path))
            }
            if let mode = file.mode { chmod(path, mode_t(mode)) }
        }
    }

    /// Puts the absolute path of the project folder in place of `{{dir}}`.
    package static func expand(_ text: String, _ project: String) -> String {
        text.contains("{{dir}}") ? text.replacing("{{dir}}", with: project) : text
    }

    static func expand(_ bytes: [UInt8], _ project: String) -> [UInt8] {
        bytes.contains(Array("{{dir}}".utf8))
            ? bytes.replacing(Array("{{dir}}".utf8), with: Array(project.utf8)) : bytes
    }
}
