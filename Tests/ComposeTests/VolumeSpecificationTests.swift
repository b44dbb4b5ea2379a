// SPDX-License-Identifier: Apache-2.0

import Compose
import Testing

@Suite struct `A volume in the short form` {
    private static func named(
        _ source: String,
        _ target: String,
        isReadOnly: Bool = false,
        bind: VolumeSpecification.Bind? = nil,
        nocopy: Bool = false
    ) -> VolumeSpecification {
        VolumeSpecification(
            kind: .volume,
            source: source,
            target: target,
            isReadOnly: isReadOnly,
            bind: bind,
            volume: VolumeSpecification.Volume(nocopy: nocopy)
        )
    }

    private static func bound(
        _ source: String,
        _ target: String,
        isReadOnly: Bool = false,
        propagation: String = "",
        selinux: String = "",
        volume: VolumeSpecification.Volume? = nil
    ) -> VolumeSpecification {
        VolumeSpecification(
            kind: .bind,
            source: source,
            target: target,
            isReadOnly: isReadOnly,
            bind: VolumeSpecification.Bind(propagation: propagation, selinux: selinux, createHostPath: true),
            volume: volume
        )
    }

    @Test(arguments: [
        ("data:/x", named("data", "/x")),
        ("data:/x:ro", named("data", "/x", isReadOnly: true)),
        ("data:/x:rw,ro", named("data", "/x", isReadOnly: true)),
        ("data:/x:ro,rw", named("data", "/x")),
        ("data:/x:nocopy,cached", named("data", "/x", nocopy: true)),
        ("data:/x:z", named("data", "/x", bind: VolumeSpecification.Bind(selinux: "z"))),
        ("data:v:ro", named("data", "v:ro")),
        ("1:/x", named("1", "/x")),
        ("${a:b}:/x", named("${a:b}", "/x")),
        ("/data", named("", "/data")),
        ("./a", named("", "a")),
    ])
    func `is a volume by its name or without one`(text: String, expected: VolumeSpecification) throws {
        #expect(try VolumeSpecification.parse(text) == expected)
    }

    @Test(arguments: [
        ("./a:/b", bound("./a", "/b")),
        ("../a:/b:ro", bound("../a", "/b", isReadOnly: true)),
        ("~/a:/b", bound("~/a", "/b")),
        ("/a//b:/c/../d/", bound("/a//b", "/d")),
        ("/a:/b:z,Z,rshared,slave", bound("/a", "/b", propagation: "slave", selinux: "Z")),
        ("/a:/b:nocopy", bound("/a", "/b", volume: VolumeSpecification.Volume(nocopy: true))),
        ("C:\\x:/y", bound("C:\\x", "/y")),
        ("C:/x:/y:ro", bound("C:/x", "/y", isReadOnly: true)),
        ("C:/x:D:\\y", bound("C:/x", "D:\\y")),
        ("\\\\.\\pipe\\x:/y", bound("\\\\.\\pipe\\x", "/y")),
        ("/a:/b:${c:ro", bound("/a", "/b")),
    ])
    func `is a bind mount by its path`(text: String, expected: VolumeSpecification) throws {
        #expect(try VolumeSpecification.parse(text) == expected)
    }

    @Test(arguments: [
        ("v:/data", named("v", "/data")),
        ("v:/v:ro", named("v", "/v", isReadOnly: true)),
        ("v:data", named("v", "data")),
    ])
    func `can have a name of one letter`(text: String, expected: VolumeSpecification) throws {
        #expect(try VolumeSpecification.parse(text) == expected)
    }

    @Test(arguments: ["a", "/", "v:", "::"])
    func `of one or two characters is a target`(text: String) throws {
        #expect(try VolumeSpecification.parse(text) == VolumeSpecification(kind: .volume, target: text))
    }

    @Test(arguments: [
        ("", "cannot be empty"),
        (":/a", "an empty source"),
        ("data:", "an empty target"),
        ("/a:/b:", "an empty list of options"),
        ("/a:/b:ro:x", "too many colons"),
        ("v::b", "an empty target"),
        ("/a:${b", "a `${` without a `}`"),
    ])
    func `is refused with a reason`(text: String, reason: String) {
        #expect {
            try VolumeSpecification.parse(text)
        } throws: {
            ($0 as? ValueError)?.message.contains(reason) == true
        }
    }
}
