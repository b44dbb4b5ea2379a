// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import Glibc
import Linux
import TestSupport
import Testing

@testable import Engine

/// Whether the kernel knows a file system now.
private func knows(_ type: String) -> Bool {
    (try? readText("/proc/filesystems"))?.split(separator: "\n").contains { $0.hasSuffix("\t\(type)") } ?? false
}

@Suite struct `Volumes of other hosts` {
    @Test func `name the host by its address to the kernel`() throws {
        let options = ["type": "nfs", "device": ":/srv", "o": "addr=localhost,nfsvers=4,soft,rw"]
        let words = try #require(try LocalVolumeMount(options)).resolvedOptions()
        #expect([["addr=127.0.0.1"], ["addr=::1"]].contains(Array(words.prefix(1))))
        #expect(words.dropFirst() == ["nfsvers=4", "soft", "rw"])
        let address = ["type": "nfs4", "device": "10.0.0.1:/srv", "o": "addr=10.0.0.1"]
        #expect(try LocalVolumeMount(address)?.resolvedOptions() == ["addr=10.0.0.1"])
        // Of other file systems it is a word like any other.
        let other = ["type": "9p", "device": "share", "o": "addr=localhost"]
        #expect(try LocalVolumeMount(other)?.resolvedOptions() == ["addr=localhost"])
        let unknown = try #require(
            try LocalVolumeMount(["type": "cifs", "device": "//x/y", "o": "addr=does-not-exist.invalid"])
        )
        #expect(throws: SystemError("getaddrinfo", EHOSTUNREACH, on: "does-not-exist.invalid")) {
            try unknown.resolvedOptions()
        }
    }

    @Test func `of which nobody knows the address say so at the start`() async throws {
        try await TestedEngine.with(.embedded) { host in
            try await host.createVolume("v") {
                $0.options = [
                    "type": "cifs", "device": "//x/y", "o": "addr=does-not-exist.invalid,username=me,password=hidden",
                ]
            }
            let error = await failure { _ = try await host.output(of: "true", binds: ["v:/d:nocopy"]) }
            #expect(
                error?.message
                    == "cannot mount the volume v: failed to mount local volume with the options device=//x/y "
                    + "o=addr=does-not-exist.invalid,username=me,password=******** type=cifs: the host "
                    + "does-not-exist.invalid of the option `addr` has no address that anybody knows; check its name"
            )
        }
    }

    @Test(arguments: ["nfs", "cifs"]) func `that the kernel does not know say so at the start`(
        type: String
    ) async throws {
        if knows(type) { return }
        try await TestedEngine.with(.embedded) { host in
            try await host.createVolume("v") { $0.options = ["type": type, "device": "x:/y", "o": "addr=127.0.0.1"] }
            let error = await failure { _ = try await host.output(of: "true", binds: ["v:/d:nocopy"]) }
            #expect(
                error?.message.hasSuffix(
                    "the kernel has no file system \(type) (fsopen \(type): no such device); load its module, or use "
                        + "another type"
                ) == true,
                "\(error?.message ?? "")"
            )
            let mounts = try readText("/proc/self/mountinfo")
            #expect(!mounts.contains(host.scratch / "volumes"))
            #expect(try await host.state(#require(host.engine.containers.all.first).id.description).status == .created)
        }
    }
}
