// SPDX-License-Identifier: Apache-2.0

import OCI

/// What the key of a step is made of: where all of it is the same, the result is.
///
/// Metadata has no key and is in none but those that it matters to: the variables, the user and the folder of a program
/// are in the key of `RUN`, labels in no key at all. What is copied counts by its content, not by the steps that made it.
package struct CacheInputs: Hashable, Sendable {
    /// A part with a name.
    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    /// Files of a step that count by their content: names, types, modes, owners and bytes, but no times.
    package struct Content: Hashable, Sendable {
        package var step: StepID
        package var path: String
        package var keepsParents = false
        package var excluded: [String] = []
    }

    /// The kind of step.
    package var kind: String
    package private(set) var fields: [Field] = []
    /// The steps whose whole result counts, by their keys.
    package private(set) var trees: [StepID] = []
    package private(set) var contents: [Content] = []

    init(_ kind: String) {
        self.kind = kind
    }

    mutating func add(_ name: String, _ value: String?) {
        if let value { fields.append(Field(name: name, value: value)) }
    }

    mutating func add(_ name: String, _ values: [String]) {
        for value in values { add(name, value) }
    }

    mutating func add(tree: StepID?) {
        if let tree { trees.append(tree) } else { add("tree", "empty") }
    }

    mutating func add(_ content: Content) { contents.append(content) }

    /// The bytes that are hashed; each part has its length before it, so that no two inputs have the same.
    ///
    /// - Parameters:
    ///   - keys: The keys of the steps in ``trees``.
    ///   - digests: The digests of ``contents``.
    /// - Returns: The bytes.
    package func bytes(keys: [String], digests: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        func add(_ text: String) {
            bytes += "\(text.utf8.count):".utf8
            bytes += text.utf8
        }
        add(kind)
        add("\(fields.count)")
        for field in fields {
            add(field.name)
            add(field.value)
        }
        for part in ["trees"] + keys + ["contents"] + digests { add(part) }
        return bytes
    }
}

extension BuildStep {
    /// What the key of the step is made of; nil for metadata.
    package var cacheInputs: CacheInputs? {
        switch operation {
        case .source(let source): source.cacheInputs
        case .run(let step): step.cacheInputs
        case .copy(let step): step.cacheInputs
        case .makeFolder(let step):
            {
                var inputs = CacheInputs("folder")
                inputs.add(tree: step.base)
                inputs.add("path", step.path)
                inputs.add("owner", step.owner)
                return inputs
            }()
        case .metadata: nil
        }
    }
}

extension BuildStep.Source {
    /// What names the source; whoever gets it adds what it turns out to be: a digest, a commit.
    fileprivate var cacheInputs: CacheInputs {
        switch self {
        case .image(let name, let platform):
            var inputs = CacheInputs("image")
            inputs.add("name", name)
            inputs.add("platform", platform.description)
            return inputs
        case .context: return CacheInputs("context")
        case .named(let name, let context):
            var inputs = CacheInputs("named context")
            inputs.add("name", name)
            inputs.add("context", "\(context)")
            return inputs
        case .http(let address, let checksum):
            var inputs = CacheInputs("http")
            inputs.add("address", address)
            inputs.add("checksum", checksum)
            return inputs
        case .git(let address, let keepsGitFolder, let checksum):
            var inputs = CacheInputs("git")
            inputs.add("address", address)
            inputs.add("keeps .git", keepsGitFolder ? "true" : nil)
            inputs.add("checksum", checksum)
            return inputs
        }
    }
}

extension RunStep {
    fileprivate var cacheInputs: CacheInputs {
        var inputs = CacheInputs("run")
        inputs.add(tree: base)
        inputs.add("argument", arguments)
        inputs.add("variable", environment)
        inputs.add("user", user)
        inputs.add("directory", directory)
        inputs.add("network", network == .default ? nil : network.rawValue)
        inputs.add("security", security == .sandbox ? nil : security.rawValue)
        inputs.add("host", extraHosts)
        inputs.add("device", devices)
        if let script {
            inputs.add("script", script.name)
            inputs.add("script content", script.content)
        }
        for mount in mounts { mount.add(to: &inputs) }
        return inputs
    }
}

extension RunMount {
    /// Adds what a program can tell of the mount; what a cache, a secret or an agent holds is not part of any key.
    fileprivate func add(to inputs: inout CacheInputs) {
        inputs.add("mount", kind.rawValue)
        inputs.add("target", target)
        inputs.add("read-only", isReadOnly ? "true" : nil)
        switch kind {
        case .bind:
            if let source { inputs.add(CacheInputs.Content(step: source, path: path)) }
        case .cache:
            inputs.add("cache", id)
            inputs.add("sharing", sharing.rawValue)
        case .tmpfs: inputs.add("size", size.map { "\($0)" })
        case .secret, .ssh:
            inputs.add("id", id)
            inputs.add("env", variable)
        }
        inputs.add("mode", mode.map { String($0, radix: 8) })
        inputs.add("uid", uid.map { "\($0)" })
        inputs.add("gid", gid.map { "\($0)" })
    }
}

extension CopyStep {
    fileprivate var cacheInputs: CacheInputs {
        var inputs = CacheInputs("copy")
        // A linked copy is the same upon whatever files.
        if !isLinked { inputs.add(tree: base) }
        inputs.add("destination", destination)
        inputs.add("owner", owner)
        inputs.add("mode", mode.map { "\($0)" })
        inputs.add("link", isLinked ? "true" : nil)
        inputs.add("parents", keepsParents ? "true" : nil)
        inputs.add("exclude", excluded)
        inputs.add("unpack", unpacks ? "true" : nil)
        inputs.add("unpack remote", unpacksRemote ? "true" : nil)
        for item in sources {
            inputs.add("source", item.path)
            if let file = item.file {
                inputs.add("file", file.name)
                inputs.add("file content", file.content)
            }
            if let step = item.step {
                inputs.add(
                    CacheInputs.Content(
                        step: step,
                        path: item.path,
                        keepsParents: keepsParents,
                        excluded: excluded
                    )
                )
            }
        }
        return inputs
    }
}
