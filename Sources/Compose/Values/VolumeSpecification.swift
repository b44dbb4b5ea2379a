// SPDX-License-Identifier: Apache-2.0

/// A mount in the short form: `[SOURCE:]TARGET[:OPTIONS]`.
package struct VolumeSpecification: Equatable, Sendable {
    /// What is mounted.
    package enum Kind: String, Sendable {
        /// A file or directory of the host.
        case bind
        /// A volume.
        case volume
    }

    /// The options of a bind mount.
    package struct Bind: Equatable, Sendable {
        /// `private`, `shared`, `slave` or one of these with an `r` before it; empty where it is not set.
        package var propagation = ""
        /// `z` or `Z`; empty where it is not set.
        package var selinux = ""
        /// Whether a source that does not exist is created as a directory.
        package var createHostPath = false

        /// Makes options.
        package init(propagation: String = "", selinux: String = "", createHostPath: Bool = false) {
            self.propagation = propagation
            self.selinux = selinux
            self.createHostPath = createHostPath
        }
    }

    /// The options of a volume.
    package struct Volume: Equatable, Sendable {
        /// Whether an empty volume stays empty instead of getting what the image has at its place.
        package var nocopy = false

        /// Makes options.
        package init(nocopy: Bool = false) {
            self.nocopy = nocopy
        }
    }

    package var kind: Kind
    /// The path or the name of the volume as written; empty for a volume without a name.
    package var source: String
    /// The place in the container, as a clean path.
    package var target: String
    package var isReadOnly: Bool
    /// The options of a bind mount; nil where the short form leaves the key out.
    package var bind: Bind?
    /// The options of a volume; nil where the short form leaves the key out.
    package var volume: Volume?

    /// Makes a specification.
    package init(
        kind: Kind,
        source: String = "",
        target: String,
        isReadOnly: Bool = false,
        bind: Bind? = nil,
        volume: Volume? = nil
    ) {
        self.kind = kind
        self.source = source
        self.target = target
        self.isReadOnly = isReadOnly
        self.bind = bind
        self.volume = volume
    }

    /// Reads the short form.
    ///
    /// A source that begins with `.`, `/`, `~`, `\\` or a drive letter is a path, any other one the name of a volume. Options
    /// that are not known are left out.
    ///
    /// - Parameter text: The text.
    /// - Returns: The mount. The source of a bind mount is not yet made absolute.
    /// - Throws: ``ValueError`` where a part is empty or there are too many.
    package static func parse(_ text: String) throws(ValueError) -> VolumeSpecification {
        guard !text.isEmpty else {
            throw ValueError("a volume cannot be empty; \(accepted)")
        }
        guard text.utf8.count > 2 else {
            return VolumeSpecification(kind: .volume, target: cleanedTarget(text))
        }
        var result = VolumeSpecification(kind: .volume, target: "")
        guard let sections = VolumeSections.split(text) else {
            throw ValueError("the volume \(ValueError.quoted(text)) has a `${` without a `}`")
        }
        if let empty = sections.firstIndex(of: "") {
            throw emptySection(empty, of: text)
        }
        guard sections.count <= 3 else {
            throw ValueError("the volume \(ValueError.quoted(text)) has too many colons; \(accepted)")
        }
        if sections.count == 1 {
            result.target = cleanedTarget(sections[0])
        } else {
            result.source = sections[0]
            result.target = cleanedTarget(sections[1])
        }
        if sections.count == 3 {
            result.apply(options: sections[2])
        }
        result.setKind()
        return result
    }

    private static let accepted = "write `/target`, `name:/target`, `./path:/target` or `./path:/target:ro`"

    private static func emptySection(_ index: Int, of text: String) -> ValueError {
        let name = ["source", "target", "list of options"][min(index, 2)]
        return ValueError("the volume \(ValueError.quoted(text)) has an empty \(name); \(accepted)")
    }

    private mutating func apply(options: String) {
        for option in options.split(separator: ",") {
            switch option {
            case "ro":
                isReadOnly = true
            case "rw":
                isReadOnly = false
            case "nocopy":
                volume = Volume(nocopy: true)
            case "z", "Z":
                bind = bind ?? Bind()
                bind?.selinux = String(option)
            case "private", "rprivate", "shared", "rshared", "slave", "rslave":
                bind = bind ?? Bind()
                bind?.propagation = String(option)
            default:
                break
            }
        }
    }

    private mutating func setKind() {
        if Self.isPath(source) {
            kind = .bind
            bind = bind ?? Bind()
            bind?.createHostPath = true
        } else {
            volume = volume ?? Volume()
        }
    }

    private static func isPath(_ source: String) -> Bool {
        switch source.utf8.first {
        case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "~"):
            true
        default:
            source.hasPrefix("\\\\") || VolumeSections.startsWithDrive(source[...])
        }
    }

    /// A path without `.`, `..`, double slashes and a slash at its end.
    ///
    /// - Parameter path: The path; it can be relative.
    /// - Returns: The shortest path to the same place; `.` for the place itself, empty for no path.
    private static func cleanedTarget(_ path: String) -> String {
        path.isEmpty ? path : FilePath.clean(path)
    }
}

/// Cuts the short form of a mount at its colons.
private enum VolumeSections {
    /// The parts between the colons.
    ///
    /// A colon after a drive letter or inside `${…}` belongs to its part.
    /// Nil where `${` is not closed and so the target has no end.
    static func split(_ text: String) -> [String]? {
        var sections: [String] = []
        var start = text.startIndex
        var depth = 0
        let bytes = text.utf8Span.span
        for offset in bytes.indices {
            switch bytes[offset] {
            case UInt8(ascii: "$") where offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "{"):
                depth += 1
            case UInt8(ascii: "}") where depth > 0:
                depth -= 1
            case UInt8(ascii: ":") where depth == 0:
                let colon = text.utf8.index(text.startIndex, offsetBy: offset)
                if isDrive(text, start: start, colon: colon, isSource: sections.isEmpty) {
                    break
                }
                sections.append(String(text[start..<colon]))
                start = text.utf8.index(after: colon)
            default:
                break
            }
        }
        // Options with an open reference do not count.
        guard depth == 0 else {
            return sections.count >= 2 ? sections : nil
        }
        sections.append(String(text[start...]))
        return sections
    }

    /// Whether a text begins with a letter and a colon.
    static func startsWithDrive(_ text: Substring) -> Bool {
        let scalars = text.unicodeScalars
        guard let first = scalars.first, scalars.dropFirst().first == ":" else {
            return false
        }
        return first.properties.isAlphabetic
    }

    private static func isDrive(_ text: String, start: String.Index, colon: String.Index, isSource: Bool) -> Bool {
        guard text.unicodeScalars.index(after: start) == colon, startsWithDrive(text[start...]) else {
            return false
        }
        guard isSource else {
            return true
        }
        // `v:/data` and `v:/data:ro` are the volume v. `c:\data` is a drive, and so is `c:/data:/target`, since no option
        // begins with a slash.
        let path = text[text.utf8.index(after: colon)...]
        guard path.utf8.first == UInt8(ascii: "/") else {
            return path.utf8.first == UInt8(ascii: "\\")
        }
        guard let end = path.utf8.firstIndex(of: UInt8(ascii: ":")) else {
            return false
        }
        let target = path[path.utf8.index(after: end)...]
        return target.utf8.first == UInt8(ascii: "/") || startsWithDrive(target)
    }
}
