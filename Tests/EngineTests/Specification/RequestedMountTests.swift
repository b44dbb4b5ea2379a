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
        #expect(mount.specification() == .init(destination: "/b", type: "bind", source: "/a", options: options))
        #expect(mount.kind == .bind(source: "/a", createsSource: true))
    }

    @Test(arguments: [
        (#""Binds":["./x:/b"]"#, "If you intended to pass a host directory, use absolute path"),
        (#""Binds":["../x:/b"]"#, "includes invalid characters for a local volume name"),
        (#""Binds":["-data:/b"]"#, "create -data: \"-data\" includes invalid characters for a local volume name"),
        (#""Binds":["da/ta:/b"]"#, "includes invalid characters for a local volume name"),
        (#""Binds":["..:/b"]"#, "includes invalid characters for a local volume name"),
        (#""Binds":["data:/b:rslave"]"#, "invalid mode: rslave"),
        (#""Binds":["/b","/b"]"#, "Duplicate mount point: /b"),
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
        (#""Mounts":[{"Type":"volume","Source":"../v","Target":"/b"}]"#, "includes invalid characters"),
        (
            #""Mounts":[{"Type":"volume","Source":"v","Target":"/proc/x"}]"#,
            "cannot be mounted because it is inside /proc"
        ),
        (#""Mounts":[{"Type":"volume","Source":"v","Target":"/b","TmpfsOptions":{}}]"#, "field TmpfsOptions must not"),
        (
            #""Mounts":[{"Type":"volume","Source":"v","Target":"/b","VolumeOptions":{"Subpath":"../x"}}]"#,
            "subpath must be a relative path within the volume"
        ),
        (
            #""Mounts":[{"Type":"volume","Source":"v","Target":"/b","VolumeOptions":{"Subpath":"/x"}}]"#,
            "subpath must be a relative path within the volume"
        ),
        (
            #""Mounts":[{"Type":"volume","Target":"/b","VolumeOptions":{"Subpath":"x"}}]"#,
            "must not set Subpath when using anonymous volumes"
        ),
        (
            #""Mounts":[{"Type":"volume","Source":"v","Target":"/b","VolumeOptions":{"DriverConfig":{"Name":"x"}}}]"#,
            "create v: error looking up volume plugin x: plugin \"x\" not found"
        ),
        (
            #""Mounts":[{"Type":"volume","Source":"v","Target":"/b","VolumeOptions":"#
                + #"{"DriverConfig":{"Options":{"nonsense":"x"}}}}]"#,
            "invalid option: \"nonsense\""
        ),
        (#""VolumeDriver":"x""#, "error looking up volume plugin x"),
        (#""VolumesFrom":["x:sometimes"]"#, "invalid mode: sometimes"),
        (#""VolumesFrom":[":ro"]"#, "invalid volumes-from specification: ':ro'"),
        (#""Mounts":[{"Type":"cluster","Source":"v","Target":"/b"}]"#, "not supported"),
        (#""Mounts":[{"Type":"image","Target":"/b"}]"#, "field Source must not be empty"),
        (
            #""Mounts":[{"Type":"image","Source":"v","Target":"/b","ImageOptions":{"Subpath":"../x"}}]"#,
            "subpath must be a relative path within the image"
        ),
        (#""Mounts":[{"Type":"bind","Source":"/v","Target":"/b","ImageOptions":{}}]"#, "field ImageOptions must not"),
        (#""Mounts":[{"Type":"tmpfs","Target":"/b","XWharfIDMap":[]}]"#, "field XWharfIDMap must not be specified"),
        (#""Mounts":[{"Type":"bind","Source":"/v","Target":"/b","XWharfIDMap":[]}]"#, "XWharfIDMap has no range"),
        (
            #""Mounts":[{"Type":"bind","Source":"/v","Target":"/b","XWharfIDMap":[{"Host":-1}]}]"#,
            "a range of XWharfIDMap goes beyond 0-2147483647"
        ),
        (
            #""Mounts":[{"Type":"bind","Source":"/v","Target":"/b","XWharfIDMap":[{"Host":1,"Kind":"x"}]}]"#,
            "a range of XWharfIDMap has the Kind \"x\", which is `uid` or `gid`"
        ),
        (
            #""Mounts":[{"Type":"bind","Source":"/v","Target":"/b","XWharfIDMap":"#
                + #"[{"Host":1,"Count":5},{"Host":3,"Container":9}]}]"#,
            "ranges of XWharfIDMap overlap"
        ),
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
        #expect(found.map { $0.specification().options } == [["rbind", "rshared", "ro"], ["bind", "rprivate"]])
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
        #expect(try mounts("\"Tmpfs\":{\"/t\":\"\(text)\"}").mounts.map { $0.specification().options } == [options])
    }

    @Test func `a structured tmpfs has a size and a mode`() throws {
        let mount = try #require(
            mounts(#""Mounts":[{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"SizeBytes":1000,"Mode":1023}}]"#).mounts
                .first
        )
        #expect(mount.specification().options == ["noexec", "nosuid", "nodev", "mode=1777", "size=1000"])
        let point = try #require(mount.point(volumes: "/volumes"))
        #expect(point.type == "tmpfs" && point.isWritable)
    }

    @Test func `what lies in another mount comes after it`() throws {
        let found = try mounts(#""Binds":["/x:/a/b/c","/y:/a"],"Tmpfs":{"/a/b":""}"#)
        #expect(found.mounts.map(\.destination) == ["/a", "/a/b", "/a/b/c"])
    }

    @Test func `volumes without a name give way to mounts`() throws {
        let found = try mounts(#""Binds":["/v1","/x:/v2"]"#, config: #""Volumes":{"/v2":{},"/v3":{}}"#)
        #expect(found.mounts.map(\.destination) == ["/v1", "/v2", "/v3"])
        #expect(found.mounts.map(\.isUnnamedVolume) == [true, false, true])
    }

    @Test(arguments: [
        (#""Binds":["v:/b"]"#, "z", true), (#""Binds":["v:/b:ro"]"#, "ro", false),
        (#""Mounts":[{"Type":"volume","Source":"v","Target":"/b"}]"#, "z", true),
        (#""Mounts":[{"Type":"volume","Source":"v","Target":"/b","ReadOnly":true}]"#, "z", false),
    ])
    func `a volume is shown as Docker shows it`(json: String, mode: String, isWritable: Bool) throws {
        let mount = try #require(mounts(json).mounts.first)
        let point = try #require(mount.point(volumes: "/volumes"))
        #expect(point.type == "volume" && point.name == "v" && point.driver == "local" && point.destination == "/b")
        #expect(point.source == "/volumes/v/_data" && point.mode == mode && point.isWritable == isWritable)
        let options = ["rbind", "rprivate"] + (isWritable ? [] : ["rro"])
        #expect(mount.specification(prepared: "/x").options == options)
    }

    @Test(arguments: [
        (["type": "tmpfs"], "missing required option: \"device\""),
        (["device": "/x"], "missing required option: \"type\""),
        (["o": "bind"], "missing required option: \"device\""),
        (["size": "1g"], "quota size requested but no quota support"),
        (["type": "none", "device": "/x"], "which is no file system; add `bind`"),
        (["type": "none", "device": "x", "o": "bind"], "a bind needs an absolute path"),
        (["type": "none", "device": "/x", "o": "bind,size=1"], "the option `o` has `size`, which makes no sense"),
        (["type": "tmpfs", "device": "tmpfs", "o": "nonsense=1"], "Invalid tmpfs option \"nonsense=1\""),
        (["type": "tmpfs", "device": "tmpfs", "o": "remount"], "the option `o` has `remount`"),
        (["nonsense": ""], "invalid option: \"nonsense\""),
    ])
    func `options of the driver that make no sense are refused by name`(options: [String: String], text: String) {
        let problem = #expect(throws: RequestProblem.self) { _ = try LocalVolumeMount(options) }
        #expect(problem?.text.contains(text) == true)
    }
}
