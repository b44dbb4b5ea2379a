// SPDX-License-Identifier: Apache-2.0

import Compose
import JSONTree

/// The `build` sections of a project as a file of Docker's `buildx bake`.
struct BakeDocument {
    private var targets: [JSON.Member] = []

    /// Adds a service.
    ///
    /// - Parameters:
    ///   - name: The service.
    ///   - build: Its section.
    ///   - image: The name of its image.
    ///   - arguments: Values of arguments that count more than those of the section.
    mutating func add(_ name: String, _ build: Compose.Build, image: String, arguments: [String: String]) {
        var members: [JSON.Member] = []
        func add(_ key: String, _ value: String?) {
            if let value { members.append(JSON.Member(key, .string(value))) }
        }
        func add(_ key: String, _ values: [String]) {
            if !values.isEmpty { members.append(JSON.Member(key, .strings(values))) }
        }
        func add(_ key: String, _ values: [String: String]) {
            if values.isEmpty { return }
            let pairs = values.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) }
            members.append(JSON.Member(key, .object(pairs)))
        }
        add("context", build.context)
        add("contexts", build.additionalContexts.mapValues { $0.replacingService })
        add("dockerfile", build.dockerfileInline == nil ? build.dockerfile ?? "Dockerfile" : nil)
        add("dockerfile-inline", build.dockerfileInline)
        add("args", build.args.compactMapValues(\.self).merging(arguments) { $1 })
        add("labels", build.labels)
        add("tags", [image] + build.tags.filter { $0 != image })
        add("cache-from", build.cacheFrom)
        add("cache-to", build.cacheTo)
        add("target", build.target)
        add("network", build.network)
        add("platforms", build.platforms)
        add("ssh", build.ssh.map { key in key.path.map { "\(key.id)=\($0)" } ?? key.id })
        add("entitlements", build.entitlements)
        if build.noCache { members.append(JSON.Member("no-cache", .bool(true))) }
        if build.pull { members.append(JSON.Member("pull", .bool(true))) }
        targets.append(JSON.Member(name, .object(members)))
    }

    /// The whole.
    var json: JSON {
        let group: JSON = ["default": ["targets": .strings(targets.map(\.key))]]
        return .object([JSON.Member("group", group), JSON.Member("target", .object(targets))])
    }
}

extension String {
    /// What bake calls the image of another service.
    fileprivate var replacingService: String { hasPrefix("service:") ? "target:" + dropFirst(8) : self }
}
