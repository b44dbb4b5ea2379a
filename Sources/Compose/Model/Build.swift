// SPDX-License-Identifier: Apache-2.0

/// How to build the image of a service.
package struct Build: ComposeObject {
    /// The directory, URL or `service:NAME` that the build reads from.
    package var context: String?
    /// The path of the Dockerfile, relative to the context.
    package var dockerfile: String?
    /// The text of the Dockerfile, in place of a path.
    package var dockerfileInline: String?
    /// Extra privileges that the build may use: `network.host`.
    package var entitlements: [String] = []
    /// Build arguments; nil where the argument has no value.
    package var args: [String: String?] = [:]
    /// The provenance attestation: `true`, `false` or its parameters.
    package var provenance: String?
    /// The attestation of contents: `true`, `false` or its parameters.
    package var sbom: String?
    /// Keys of the user's SSH agent or file system that the build may use.
    package var ssh: [SSHKey] = []
    /// Labels of the image.
    package var labels: [String: String] = [:]
    /// Where to look for cached layers.
    package var cacheFrom: [String] = []
    /// Where to store cached layers.
    package var cacheTo: [String] = []
    /// Whether to build without the cache.
    package var noCache = false
    /// Stages to build without the cache.
    package var noCacheFilter: [String] = []
    /// Further contexts by their names.
    package var additionalContexts: [String: String] = [:]
    /// Whether to pull newer base images.
    package var pull = false
    /// Additional hosts and their addresses.
    package var extraHosts: [String: [String]] = [:]
    /// The isolation technology; for Windows.
    package var isolation: String?
    /// The network during the build: `host`, `none` or a network's name.
    package var network: String?
    /// The stage to build; nil: the last.
    package var target: String?
    /// The secrets that the build may use.
    package var secrets: [FileReference] = []
    /// The size of `/dev/shm` during the build.
    package var shmSize: ByteCount?
    /// Further names of the image.
    package var tags: [String] = []
    /// Resource limits during the build.
    package var ulimits: [String: Ulimit] = [:]
    /// The platforms to build for.
    package var platforms: [String] = []
    /// Whether the build runs with all capabilities.
    package var privileged = false
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Build> = [
        Field("context", \.context, .text),
        Field("dockerfile", \.dockerfile, .text),
        Field("dockerfile_inline", \.dockerfileInline, .text),
        Field("entitlements", \.entitlements, .strings),
        Field("args", \.args, .environment),
        Field("provenance", \.provenance, .nonZero(.scalar)),
        Field("sbom", \.sbom, .nonZero(.scalar)),
        Field("ssh", \.ssh, .sshKeys),
        Field("labels", \.labels, .pairs),
        Field("cache_from", \.cacheFrom, .strings),
        Field("cache_to", \.cacheTo, .strings),
        Field("no_cache", \.noCache, .bool),
        Field("no_cache_filter", \.noCacheFilter, .strings),
        Field("additional_contexts", \.additionalContexts, .pairs),
        Field("pull", \.pull, .bool),
        Field("extra_hosts", \.extraHosts, .extraHosts),
        Field("isolation", \.isolation, .text),
        Field("network", \.network, .text),
        Field("target", \.target, .text),
        Field("secrets", \.secrets, .list(.object)),
        Field("shm_size", \.shmSize, .nonZero(.byteCount)),
        Field("tags", \.tags, .strings),
        Field("ulimits", \.ulimits, .map(.ulimit)),
        Field("platforms", \.platforms, .strings),
        Field("privileged", \.privileged, .bool),
    ]
}

/// A key that a build may use: one of the agent's, or one in a file.
package struct SSHKey: Codable, Equatable, Sendable {
    /// The identifier; `default` is the agent's.
    package var id: String
    /// The socket or key file; nil: the agent.
    package var path: String?

    package init(id: String, path: String? = nil) {
        self.id = id
        self.path = path
    }
}

/// What to do while the sources of a service are worked on.
package struct Develop: ComposeObject {
    /// The paths to watch.
    package var watch: [WatchRule] = []
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<Develop> = [
        Field("watch", \.watch, .list(.object))
    ]
}

/// One path to watch, and what to do when something below it changes.
package struct WatchRule: ComposeObject {
    /// The kinds of reaction.
    package enum Action: String, Codable, Sendable {
        case rebuild
        case sync
        case restart
        case syncRestart = "sync+restart"
        case syncExec = "sync+exec"
    }

    /// The path on the host.
    package var path = ""
    /// What to do.
    package var action = Action.rebuild
    /// The path in the container to copy to.
    package var target: String?
    /// The command to run after a copy.
    package var exec = Hook()
    /// Patterns of the files that count; none: all of them.
    package var include: [String] = []
    /// Patterns of the files that do not count.
    package var ignore: [String] = []
    /// Whether to copy once when the watch begins.
    package var initialSync = false
    /// The user's own keys.
    package var extensions = Extensions()

    package init() {}

    package static let fields: FieldTable<WatchRule> = [
        Field("path", \.path, .string, omitted: .never),
        Field("action", \.action, .word(.rebuild), omitted: .never),
        Field("target", \.target, .text),
        Field("exec", \.exec, .object, omitted: .whenZeroInYAML),
        Field("include", \.include, .strings),
        Field("ignore", \.ignore, .strings),
        Field("initial_sync", \.initialSync, .bool),
    ]
}
