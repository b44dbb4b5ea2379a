// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

/// A store in a folder of a test.
final class TestStore {
    private let scratch: Scratch
    let content: ContentStore
    let layers: LayerStore

    var path: String { scratch / "store" }

    init(limits: Limits = Limits()) throws {
        scratch = try Scratch()
        content = try ContentStore(path: scratch / "store")
        layers = try LayerStore(in: content, path: scratch / "store", limits: limits)
    }

    /// Unpacks layers on one another.
    func unpack(_ archives: [[UInt8]]) throws -> [String] {
        try layers.unpack(archives.map { Digest(sha256: $0) }) { index throws(ImageError) in
            MemorySource(archives[index])
        }
    }

    /// What is in the folder of the layers.
    var layerNames: [String] { names(in: "\(path)/layers") }
}

/// Everything about the files below a folder, by programs that are not ours.
///
/// Sockets and the times of links, which some of the programs that unpack do not set, are left out.
func listing(_ folder: String) throws -> String {
    try shell(listingScript, in: folder)
}

/// The same of layers on one another, as overlayfs shows them.
func mergedListing(_ layers: [String]) throws -> String {
    let scratch = try Scratch()
    for name in ["upper", "work", "merged"] { try makeFolder(scratch / name) }
    let lower = layers.reversed().joined(separator: ":")
    let script = """
        mount -t overlay overlay -o lowerdir=\(scratch.path)/upper:\(lower) \(scratch.path)/merged
        cd \(scratch.path)/merged
        \(listingScript)
        """
    return try run("unshare", ["-m", "/bin/bash", "-euo", "pipefail", "-c", script])
}

private let listingScript = #"""
    export LC_ALL=C
    find . -mindepth 1 -printf '%P %y %m %U %G %s %T@ %l\n' | awk '$2 == "d" { $6 = "-" } { print }' | sort
    find . -type f -links +1 -printf '%i %P\n' | sort | awk '$1 != last { printf "\n" } { last = $1; printf " %s", $2 }' | sort
    echo
    find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | sort
    find . -type f -print0 | sort -z | xargs -0r sha256sum
    find . -mindepth 1 -print0 | sort -z | xargs -0r getfattr -h -d -m - -e hex 2>/dev/null
    """#

/// An image store in a folder of a test.
final class TestImages {
    let scratch: Scratch
    let store: ImageStore

    init(limits: Limits = Limits()) throws {
        scratch = try Scratch()
        store = try ImageStore(path: scratch / "images", limits: limits)
    }

    func load(_ path: String) throws -> [LoadedImage] {
        try store.load(DescriptorSource(path: path))
    }

    /// What is in the store, with the digest of each file; but not when names were given.
    func state() throws -> String {
        try shell(
            """
            find . -mindepth 1 -not -name lock | sort
            find . -type f -not -name lock -not -path ./index.json -exec sha256sum {} + | sort
            [ ! -e index.json ] || sed -E 's/"wharf.tagged":"[^"]*"//g' index.json | sha256sum | sed 's/-/index.json/'
            """,
            in: scratch / "images"
        )
    }

    @discardableResult
    func save(_ names: [String], to path: String) throws -> [UInt8] {
        let sink = MemorySink()
        try store.save(names, to: sink)
        try writeFile(path, sink.bytes)
        return sink.bytes
    }
}

/// A root file system with Debian's busybox, as an archive.
func busyboxRoot() throws -> [UInt8] {
    let scratch = try Scratch()
    let script = """
        mkdir -p root/bin root/tmp root/etc; cp /bin/busybox root/bin; chmod 1777 root/tmp
        for name in sh true ls cat; do ln -s busybox root/bin/$name; done
        ln root/bin/busybox root/bin/second
        echo root:x:0:0:root:/:/bin/sh > root/etc/passwd
        tar -C root --numeric-owner -cf root.tar .
        """
    try shell(script, in: scratch.path)
    return try readBytes(scratch / "root.tar")
}

/// Makes an OCI layout with umoci: the image `test:1` of the given layers, in `layout` of the folder.
func makeLayout(in folder: String, layers: [String]) throws {
    try run("umoci", ["init", "--layout", "layout"], in: folder)
    try run("umoci", ["new", "--image", "layout:test:1"], in: folder)
    for layer in layers { try run("umoci", ["raw", "add-layer", "--image", "layout:test:1", layer], in: folder) }
    try run(
        "umoci",
        ["config", "--image", "layout:test:1", "--config.cmd", "/bin/sh", "--config.env", "A=1"],
        in: folder
    )
}
