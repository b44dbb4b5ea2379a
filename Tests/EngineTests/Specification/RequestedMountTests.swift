// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import OCI
import Testing

@testable import Engine

private func mounts(_ host: String, config: String = "") throws -> RequestedMounts {
    RequestedMounts(try Sample.request("{\(config.isEmpty ? "" : config + ",")\"HostConfig\":{\(host)}}"))
}

@Suite struct `Mounts of a request` {
    @Test(arguments: [
        ("/a:/b", ["rbind", "rprivate"]),
        ("/a:/b:rw", ["rbind", "rprivate"]),
        ("/a:/b:ro", ["rbind", "rprivate", "rro"]),
        ("/a:/b:ro,Z,cached", ["rbind", "rprivate", "rro"]),
        ("/a:/b:rslave,nocopy", ["rbind", "rslave"]),
        ("/a/../a/.:/x/../b:z", ["rbind", "rprivate"]),
    ])
    func `binds have the options of the runtime`(text: String, options: [String]) throws {
        let mount = try #require(mounts("\"Binds\":[\"\(text)\"]").mounts.first)
        #expect(mount.specification == .init(destination: "/b", type: "bind", source: "/a", options: options))
        #expect(mount.kind == .bind(source: "/a", createsSource: true))
    }

    @Test(arguments: [
        (#""Binds":["./x:/b"]"#, "If you intended to pass a host directory, use absolute path"),
        (#""Binds":["../x:/b"]"#, "includes invalid characters for a local volume name"),
        (#""Binds":["data:/b"]"#, "named volumes are not supported yet: `data`"),
        (#""Binds":["/a:b"]"#, "invalid mount path: 'b' mount path must be absolute"),
        (#""Binds":["/a:/b:nonsense"]"#, "invalid mode: nonsense"),
        (#""Binds":["/a:/b:ro,rw"]"#, "invalid mode: ro,rw"),
        (#""Binds":["/a:/b:"]"#, "invalid volume specification: '/a:/b:'"),
        (#""Binds":["/a:/b:ro:rw"]"#, "invalid volume specification"),
        (#""Binds":["/b:ro"]"#, "invalid volume specification: '/b:ro'"),
        (#""Binds":[""]"#, "invalid volume specification: ''"),
        (#""Binds":["/a:/"]"#, "invalid specification: destination can't be '/'"),
        (#""Binds":["/a:/x/.."]"#, "invalid specification: destination can't be '/'"),
        (#""Binds":["/a:/proc/sys"]"#, "\"/proc/sys\" cannot be mounted because it is inside /proc"),
        (#""Binds":["/a:/x/../proc"]"#, "cannot be mounted because it is inside /proc"),
        (#""Binds":["/a:/b","/c:/b/"]"#, "Duplicate mount point: /b"),
        (#""Mounts":[{"Type":"volume","Source":"v","Target":"/b"}]"#, "volumes are not supported yet: `v`"),
        (#""Mounts":[{"Type":"image","Source":"v","Target":"/b"}]"#, "not supported"),
        (#""Mounts":[{"Type":"nonsense","Target":"/b"}]"#, "mount type unknown"),
        (#""Mounts":[{"Type":"bind","Source":"/a"}]"#, "field Target must not be empty"),
        (#""Mounts":[{"Type":"bind","Target":"/b"}]"#, "field Source must not be empty"),
        (#""Mounts":[{"Type":"bind","Source":"a","Target":"/b"}]"#, "invalid mount path: 'a'"),
        (
            #""Mounts":[{"Type":"bind","Source":"/a","Target":"/b","BindOptions":{"Propagation":"x"}}]"#,
            "invalid propagation mode: x"
        ),
        (
            #""Mounts":[{"Type":"bind","Source":"/a","Target":"/b","BindOptions":{"ReadOnlyNonRecursive":true}}]"#,
            "mount must be ReadOnly when ReadOnlyNonRecursive is set"
        ),
        (#""Mounts":[{"Type":"bind","Source":"/a","Target":"/b","TmpfsOptions":{}}]"#, "field TmpfsOptions must not"),
        (#""Mounts":[{"Type":"tmpfs","Source":"/a","Target":"/b"}]"#, "field Source must not be specified"),
        (#""Mounts":[{"Type":"tmpfs","Target":"/b","TmpfsOptions":{"Mode":99999}}]"#, "Mode is not a file's"),
        (#""Tmpfs":{"/b":"nonsense"}"#, "Invalid tmpfs option \"nonsense\""),
        (#""Tmpfs":{"/b":"size=much"}"#, "Invalid tmpfs option \"size=much\""),
        (#""Tmpfs":{"/b":"mode=99"}"#, "Invalid tmpfs option \"mode=99\""),
        (#""Tmpfs":{"b":""}"#, "mount path must be absolute"),
    ])
    func `bad ones are refused by name`(json: String, text: String) throws {
        let error = engineError { _ = try Sample.settled("{\"HostConfig\":{\(json)}}") }
        #expect(error?.code == .badParameter && error?.message.contains(text) == true, "\(String(describing: error))")
    }

    @Test func `structured binds do not make their source and may spare what is below`() throws {
        let found = try mounts(
            """
            "Mounts":[{"Type":"bind","Source":"/a","Target":"/b","ReadOnly":true,
            "BindOptions":{"ReadOnlyNonRecursive":true,"Propagation":"rshared"}},
            {"Type":"bind","Source":"/c","Target":"/d","BindOptions":{"NonRecursive":true,"CreateMountpoint":true}}]
            """
        ).mounts
        #expect(found.map(\.specification.options) == [["rbind", "rshared", "ro"], ["bind", "rprivate"]])
        #expect(
            found.map(\.kind) == [
                .bind(source: "/a", createsSource: false), .bind(source: "/c", createsSource: true),
            ]
        )
    }

    @Test(arguments: [
        ("", ["noexec", "nosuid", "nodev"]),
        ("size=64k,mode=1777", ["noexec", "nosuid", "nodev", "size=64k", "mode=1777"]),
        ("exec,suid", ["nodev", "exec", "suid"]),
        ("ro,size=1m,size=2m,rw", ["noexec", "nosuid", "nodev", "size=2m", "rw"]),
    ])
    func `a tmpfs has Docker's options below the user's`(text: String, options: [String]) throws {
        #expect(try mounts("\"Tmpfs\":{\"/t\":\"\(text)\"}").mounts.map(\.specification.options) == [options])
    }

    @Test func `a structured tmpfs has a size and a mode`() throws {
        let mount = try #require(
            mounts(#""Mounts":[{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":1000,"Mode":1023}}]"#).mounts
                .first
        )
        #expect(mount.specification.options == ["noexec", "nosuid", "nodev", "mode=1777", "size=1000"])
        #expect(mount.point.type == "tmpfs" && mount.point.isWritable)
    }

    @Test func `what lies in another mount comes after it`() throws {
        let found = try mounts(#""Binds":["/x:/a/b/c","/y:/a"],"Tmpfs":{"/a/b":""}"#)
        #expect(found.mounts.map(\.destination) == ["/a", "/a/b", "/a/b/c"])
    }

    @Test func `volumes without a name are directories where nothing is mounted`() throws {
        let found = try mounts(#""Binds":["/v1","/x:/v2"]"#, config: #""Volumes":{"/v2":{},"/v3":{}}"#)
        #expect(found.volumes == ["/v1", "/v3"])
        #expect(found.mounts.map(\.destination) == ["/v2"])
    }
}
