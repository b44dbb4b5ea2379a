// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI
import Runtime

extension SpecificationBuilder {
    /// Everything that is mounted: what each container has, the engine's files, and what the request asks for.
    ///
    /// A mount of the user takes the place of a default one, and one over `/dev` that of all in it, as with Docker. The
    /// engine's files come last, so that they are there where the user mounts something over `/etc`.
    ///
    /// - Parameter defaults: What each container has.
    /// - Returns: The mounts in their order.
    /// - Throws: Where the memory of another container cannot be shared.
    func allMounts(_ defaults: [RuntimeSpec.Mount]) throws(RequestProblem) -> [RuntimeSpec.Mount] {
        let coversDevices = mounts.contains("/dev")
        var result: [RuntimeSpec.Mount] = []
        for mount in defaults where !mounts.contains(mount.destination) {
            if coversDevices, mount.destination.hasPrefix("/dev/") { continue }
            switch mount.destination {
            case "/dev/shm":
                if let memory = try sharedMemory(mount) { result.append(memory) }
            case "/sys/fs/cgroup":
                result.append(isOpen || security.hasWritableControlGroups ? mount.writable : mount)
            default:
                result.append(isOpen ? mount.writable : mount)
            }
        }
        for mount in mounts.mounts { result.append(try specification(of: mount)) }
        return result + files
    }

    private func specification(of mount: RequestedMount) throws(RequestProblem) -> RuntimeSpec.Mount {
        switch mount.kind {
        case .bind, .tmpfs: return mount.specification()
        case .volume, .image, .file: break
        }
        guard let source = context.volumes[mount.destination] else {
            throw RequestProblem("what is mounted at \(mount.destination) was not made ready for the start")
        }
        return mount.specification(prepared: Self.path(of: source))
    }

    private var isOpen: Bool { host.privileged }

    /// `/dev/shm`: nil where the container has none.
    private func sharedMemory(_ standard: RuntimeSpec.Mount) throws(RequestProblem) -> RuntimeSpec.Mount? {
        switch NetworkMode(host.ipcMode) {
        case .none: return nil
        case .host: return bound("/dev/shm", to: standard)
        case .container(let reference):
            if let other = context.joined[reference] {
                if other.ipcMode == "host" { return bound("/dev/shm", to: standard) }
                if let memory = other.sharedMemory { return bound(Self.path(of: memory), to: standard) }
            }
        case .network("shareable"):
            if let memory = context.sharedMemory { return bound(Self.path(of: memory), to: standard) }
        case .network: break
        }
        var mount = standard
        mount.options.removeAll { $0.hasPrefix("size=") }
        mount.options.append("size=\(host.shmSize)")
        return mount
    }

    /// The path by which open_tree(2) finds a descriptor of this process.
    private static func path(of descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }

    private func bound(_ source: String, to standard: RuntimeSpec.Mount) -> RuntimeSpec.Mount {
        let options = ["bind", "rprivate", "nosuid", "noexec", "nodev"]
        return RuntimeSpec.Mount(destination: standard.destination, type: "bind", source: source, options: options)
    }

    /// The files of the engine, in the container's folder or in that of the container whose network it joins.
    private var files: [RuntimeSpec.Mount] {
        var directory = snapshot.folder.path
        if case .container(let reference) = network, let other = context.joined[reference] {
            directory = other.directory
        }
        return context.places.filter { !mounts.contains($0.0) }.map { destination, name in
            let options = ["bind", "rprivate"] + (host.readonlyRootfs ? ["ro"] : [])
            return RuntimeSpec.Mount(
                destination: destination,
                type: "bind",
                source: "\(directory)/\(name)",
                options: options
            )
        }
    }
}

extension RuntimeSpec.Mount {
    /// The mount without its option to be read-only.
    fileprivate var writable: Self {
        var result = self
        result.options.removeAll { $0 == "ro" }
        return result
    }
}
