// SPDX-License-Identifier: Apache-2.0

/// What an image runs on.
package struct Platform: Codable, Hashable, Sendable {
    package var os: String
    /// Go's name of the processor family: `amd64`, `arm64`.
    package var architecture: String
    /// The generation: `v7` of `arm`, `v3` of `amd64`.
    package var variant: String?
    package var osVersion: String?
    package var osFeatures: [String]?

    private enum CodingKeys: String, CodingKey {
        case os
        case architecture
        case variant
        case osVersion = "os.version"
        case osFeatures = "os.features"
    }

    package init(os: String = "linux", architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// Reads `os/architecture[/variant]` or `architecture[/variant]`, which means Linux.
    ///
    /// - Parameter text: The text; nil comes back where a part is empty or there are too many.
    package init?(_ text: String) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)[...]
        guard parts.count <= 3, !parts.contains("") else { return nil }
        let namesSystem = parts.first.map { Self.systems.contains($0.lowercased()) } ?? false
        let os = namesSystem || parts.count == 3 ? parts.removeFirst() : "linux"
        guard let architecture = parts.first else { return nil }
        self = Self(os: os, architecture: architecture, variant: parts.dropFirst().first).normalized
    }

    private static let systems: Set = [
        "darwin", "freebsd", "linux", "macos", "netbsd", "openbsd", "solaris", "windows",
    ]

    /// The platform of this program.
    package static var current: Self {
        #if arch(x86_64)
        Self(architecture: "amd64")
        #elseif arch(arm64)
        Self(architecture: "arm64", variant: "v8")
        #elseif arch(arm)
        Self(architecture: "arm", variant: "v7")
        #else
        Self(architecture: "386")
        #endif
    }

    /// The same platform in the one spelling that is used to compare.
    package var normalized: Self {
        var result = self
        result.os = os.lowercased() == "macos" ? "darwin" : os.lowercased()
        let variant = variant?.lowercased() ?? ""
        switch (architecture.lowercased(), variant) {
        case ("x86_64", _), ("x86-64", _), ("amd64", _):
            result.architecture = "amd64"
            result.variant = ["", "v1"].contains(variant) ? nil : variant
        case ("i386", _), ("i486", _), ("i586", _), ("i686", _), ("386", _):
            result.architecture = "386"
            result.variant = nil
        case ("aarch64", _), ("arm64", _):
            result.architecture = "arm64"
            result.variant = ["", "8"].contains(variant) ? "v8" : variant
        case ("armhf", _):
            (result.architecture, result.variant) = ("arm", "v7")
        case ("armel", _):
            (result.architecture, result.variant) = ("arm", "v6")
        case ("arm", _):
            result.architecture = "arm"
            result.variant = variant.isEmpty ? "v7" : variant.hasPrefix("v") ? variant : "v" + variant
        case (let other, _):
            result.architecture = other
            result.variant = variant.isEmpty ? nil : variant
        }
        return result
    }

    /// How well an image for another platform runs on this one.
    ///
    /// An older generation of the same family runs on a newer one; the newest that does is the best.
    ///
    /// - Parameter image: The platform of the image.
    /// - Returns: Zero for the very platform, more for an older generation, nil where the image does not run.
    package func distance(to image: Self) -> Int? {
        let (own, other) = (normalized, image.normalized)
        guard own.os == other.os, own.architecture == other.architecture else { return nil }
        if own.variant == other.variant { return 0 }
        guard ["arm", "arm64", "amd64"].contains(own.architecture),
            let generation = Self.generation(own.variant), let wanted = Self.generation(other.variant),
            wanted <= generation
        else { return nil }
        return generation - wanted
    }

    private static func generation(_ variant: String?) -> Int? {
        guard let variant else { return 1 }
        return variant.hasPrefix("v") ? Int(variant.dropFirst()) : nil
    }
}

extension Platform: CustomStringConvertible {
    package var description: String {
        [os, architecture, variant ?? ""].filter { !$0.isEmpty }.joined(separator: "/")
    }
}
