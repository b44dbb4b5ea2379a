// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport
import Testing

@Suite struct `Descriptors` {
    @Test func `a descriptor is closed at the end of its life and not before`() throws {
        let scratch = try Scratch()
        let number: Int32
        do {
            let file = try Descriptor.open(scratch / "file", O_RDWR | O_CREAT, mode: 0o600)
            number = file.number
            #expect(fcntl(number, F_GETFD) == FD_CLOEXEC)
        }
        #expect(fcntl(number, F_GETFD) == -1)
    }

    @Test func `a link to the host's root stays inside the root it is resolved in`() throws {
        let scratch = try Scratch()
        #expect(symlink("/", scratch / "link") == 0)
        try scratch.write("etc/passwd", "inside")
        let root = try Descriptor.open(scratch.path, O_RDONLY | O_DIRECTORY)
        let file = try root.open("link/etc/passwd", O_RDONLY, resolution: .inRoot)
        var bytes = [UInt8](repeating: 0, count: 6)
        #expect(read(file.number, &bytes, 6) == 6)
        #expect(String(decoding: bytes, as: UTF8.self) == "inside")
    }

    @Test(arguments: [(PathResolution.beneath, EXDEV), (.noLinks, ELOOP)])
    func `a stricter walk refuses the link`(resolution: PathResolution, number: Int32) throws {
        let scratch = try Scratch()
        #expect(symlink("/", scratch / "link") == 0)
        let root = try Descriptor.open(scratch.path, O_RDONLY | O_DIRECTORY)
        #expect(throws: SystemError("openat2", number, on: "link/etc")) {
            _ = try root.open("link/etc", O_RDONLY, resolution: resolution)
        }
    }
}
