// SPDX-License-Identifier: Apache-2.0

import EngineAPI

/// The image of a mount.
struct RequestedImage: Codable, Equatable, Sendable {
    /// What the request calls it.
    var name: String
    /// The part of it that is mounted; empty for all of it.
    var subpath = ""
    /// Its identifier; empty until it was looked up.
    var id = ""
    /// The chain identifiers of its layers, from the base to the top.
    var layers: [String] = []
}

extension RequestedMount {
    /// The image of one of `Mounts`.
    ///
    /// - Parameters:
    ///   - mount: The mount.
    ///   - destination: Where, as a clean path.
    ///   - problem: Gives the error for a reason.
    /// - Throws: What is wrong, in the words of Docker where it has some.
    init(
        image mount: EngineAPI.Mount,
        at destination: String,
        _ problem: (String) -> RequestProblem
    ) throws(RequestProblem) {
        if mount.source.isEmpty { throw problem("field Source must not be empty") }
        if mount.bindOptions != nil { throw problem("field BindOptions must not be specified") }
        if mount.tmpfsOptions != nil { throw problem("field TmpfsOptions must not be specified") }
        let subpath = mount.imageOptions?.subpath ?? ""
        guard subpath.isEmpty || Self.isLocal(subpath) else {
            throw problem("subpath must be a relative path within the image")
        }
        self.init(kind: .image(RequestedImage(name: mount.source, subpath: subpath)), destination: destination)
        isWritable = false
    }
}

extension ContainerDefinition {
    /// The images that are mounted in it, by their places.
    var mountedImages: [(destination: String, image: RequestedImage)] {
        allMounts.compactMap { mount in
            if case .image(let image) = mount.kind { (mount.destination, image) } else { nil }
        }
    }
}
