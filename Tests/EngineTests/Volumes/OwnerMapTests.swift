// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import TestSupport
import Testing

@testable import Engine

/// A mount whose owners are mapped.
private func mapped(
    _ type: String,
    _ source: String,
    _ ranges: [(host: Int64, container: Int64, count: Int64, kind: String)]
) -> Mount {
    var mount = Mount()
    (mount.type, mount.source, mount.target) = (type, source, "/m")
    mount.idMap = ranges.map { range in
        var mapping = Mount.IDMapping()
        (mapping.host, mapping.container, mapping.count) = (range.host, range.container, range.count)
        mapping.kind = range.kind
        return mapping
    }
    return mount
}

/// Owner and group of a file of the host.
private func owner(_ path: String) -> String {
    var status = stat()
    return lstat(path, &status) == 0 ? "\(status.st_uid):\(status.st_gid)" : "missing"
}

@Suite struct `Owners of files` {
    @Test(arguments: EngineKind.allCases) func `are mapped where a folder is bound`(kind: EngineKind) async throws {
        try await TestedEngine.with(kind) { host in
            for (name, id) in [("own", 1000), ("other", 1001), ("root", 0)] as [(String, UInt32)] {
                #expect(chown(try host.scratch.write("shared/\(name)", name), id, id) == 0)
            }
            #expect(chown(host.scratch / "shared", 1000, 1000) == 0)
            let script = """
                cd /m; stat -c '%n %u:%g' own other root; echo new > new; chown 1:0 own
                su nobody -s /bin/sh -c 'touch foreign' 2>&1
                """
            let result = try await host.run(["sh", "-c", script]) {
                $0.hostConfig.mounts = [mapped("bind", host.scratch / "shared", [(1000, 0, 2, "")])]
            }
            #expect(result.output.hasPrefix("own 0:0\nother 1:1\nroot 65534:65534\n"), "\(result)")
            #expect(owner(host.scratch / "shared/new") == "1000:1000")
            #expect(owner(host.scratch / "shared/own") == "1001:1000")
            #expect(owner(host.scratch / "shared/foreign") == "missing")
            let users = try await host.run(["stat", "-c", "%u:%g", "/m/new"]) {
                $0.hostConfig.mounts = [mapped("bind", host.scratch / "shared", [(1000, 7, 0, "uid")])]
            }
            #expect(users.output == "7:1000\n")
        }
    }

    @Test func `are mapped in volumes, which belong to the container from the start`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let mount = mapped("volume", "v", [(1000, 0, 1, "")])
            let first = try await host.create(["sh", "-c", "stat -c %u:%g /m; touch /m/file"]) {
                $0.hostConfig.mounts = [mount]
            }
            #expect(try await host.finish(first).output == "0:0\n")
            let data = host.scratch / "volumes/v/_data"
            #expect([data, data + "/file"].map(owner) == ["1000:1000", "1000:1000"])
            // What the image has at the place is given to it as well.
            var over = mapped("volume", "w", [(2000, 0, 1, "")])
            over.target = "/etc"
            let filling = over
            let result = try await host.run(["stat", "-c", "%u:%g", "/etc", "/etc/passwd"]) {
                $0.hostConfig.mounts = [filling]
            }
            #expect(result.output == "0:0\n0:0\n")
            #expect(owner(host.scratch / "volumes/w/_data/passwd") == "2000:2000")
            // From outside as well, where the container does not run.
            var archive: [UInt8] = []
            for try await piece in try await host.engine.archive(of: first, at: "/m/file").tar { archive += piece }
            #expect(archive.dropFirst(108).prefix(7).allSatisfy { $0 == UInt8(ascii: "0") })
        }
    }

    @Test func `are not mapped where the file system cannot`() async throws {
        try await TestedEngine.with(.embedded) { host in
            let error = await failure {
                let mount = mapped("bind", "/proc/sys", [(1, 0, 1, "")])
                _ = try await host.run(["true"]) { $0.hostConfig.mounts = [mount] }
            }
            #expect(error?.code == .badParameter, "\(String(describing: error))")
            let reason = "cannot map the owners of files of /proc/sys: its file system"
            #expect(error?.message.hasPrefix(reason) == true, "\(error?.message ?? "")")
        }
    }
}
