// SPDX-License-Identifier: Apache-2.0

/// What is asked of a build, as `POST /wharf/v1/build` takes it.
package struct ImageBuildRequest: Codable, Equatable, Sendable {
    /// The folder of the context on the engine's host; nil for none, or for one that comes in the request.
    package var context: String?
    /// The Dockerfile: a path from the context on, or an absolute one of the host.
    package var dockerfile: String?
    /// The text of the Dockerfile, which counts more than its path.
    package var dockerfileText: String?
    /// The names of the image.
    package var tags: [String] = []
    /// The stage that is wanted, by its name or number; nil for the last one.
    package var target: String?
    package var arguments: [String: String] = [:]
    /// Further contexts by name, as `--build-context` takes them; folders are absolute.
    package var contexts: [String: String] = [:]
    package var secrets: [BuildSecret] = []
    /// The sockets of SSH agents on the host, by the ids that the Dockerfile names them by.
    package var agents: [String: String] = [:]
    package var labels: [String: String] = [:]
    /// Whether nothing of the cache is used.
    package var ignoresCache = false
    /// The stages whose steps are not looked up in the cache.
    package var uncachedStages: [String] = []
    /// Where else than here steps are looked up.
    package var cachesFrom: [BuildCacheLocation] = []
    /// Where what is made is left for others.
    package var cachesTo: [BuildCacheLocation] = []
    /// Whether steps say why the cache did not have them.
    package var explainsCache = false
    /// The network of programs: `default`, `none`, `host`; nil is `default`.
    package var network: String?
    /// `NAME:ADDRESS` for programs.
    package var extraHosts: [String] = []
    /// Such as `linux/amd64`; nil for that of the machine.
    package var platform: String?
    /// Several of them, for one image for each under the same name; none for ``platform`` alone.
    package var platforms: [String] = []
    /// The bytes of `/dev/shm`; nil for the default.
    package var sharedMemory: Int64?
    package var limits: [Ulimit] = []
    /// Whether the registries of base images are asked for newer ones.
    package var pulls = false
    /// Who asks them, by their names in references.
    package var registries: [String: RegistryAuth] = [:]
    /// What programs may do that they otherwise may not: `network.host`, `security.insecure`.
    package var allowed: [String] = []
    /// The control group above those of programs; nil for the engine's.
    package var parentGroup: String?

    package init() {}
}

/// A secret of a build, in memory only.
package struct BuildSecret: Codable, Equatable, Sendable {
    package var id: String
    /// In Base64 on its way.
    package var content: HiddenBytes

    package init(id: String, content: HiddenBytes) {
        (self.id, self.content) = (id, content)
    }
}
