// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import OCI
import TestSupport
import Testing

/// Two stores in a folder of a test: in one the layers are folders, in the other images of EROFS.
final class TestStore {
    private let scratch: Scratch
    let layers: [LayerStore]

    init(limits: Limits = Limits()) throws {
        scratch = try Scratch()
        layers = try LayerForm.allCases.map { [scratch] form in
            let path = scratch / "\(form)"
            return try LayerStore(at: path, limits: limits, form: form)
        }
    }

    /// Unpacks layers on one another, and expects that both stores show the same or refuse it for the same reason.
    ///
    /// - Parameter archives: The layers.
    /// - Returns: The folders.
    /// - Throws: Why both refuse it.
    func unpack(_ archives: [[UInt8]]) throws -> [String] {
        let results = layers.map { layers in Result { try layers.unpack(archives) } }
        let codes = results.map { result -> ImageError.Code? in
            guard case .failure(let error) = result else { return nil }
            return (error as? ImageError)?.code
        }
        #expect(codes[0] == codes[1])
        _ = try results[0].get()
        let chain = LayerStore.chainIDs(of: archives.map { Digest(sha256: $0) })
        let folders = try chain.map { try layers[0].path(of: $0) }
        for (folder, image) in zip(folders, try results[1].get()) {
            let expected = try shell(wholeListingScript, in: folder).split(separator: "\n")
            let found = try shell(wholeListingScript, in: path(of: image)).split(separator: "\n")
            #expect(found.difference(from: expected).map { "\($0)" } == [])
        }
        for name in names(in: scratch / "image/layers") where name.hasSuffix(".erofs") {
            // It complains about times before 1970, which the kernel has no trouble with.
            try run("fsck.erofs", ["image/layers/\(name)"], in: scratch.path)
        }
        return folders
    }

    /// What is in the folders of the layers.
    var layerNames: [String] {
        let (folders, images) = (names(in: scratch / "folder/layers"), names(in: scratch / "image/layers"))
        #expect(images == folders.map { "\($0).erofs" })
        return folders
    }
}

extension LayerStore {
    /// Opens the layers of a store of its own.
    convenience init(
        at path: String,
        limits: Limits = Limits(),
        form: LayerForm,
        onUnpacking: (@Sendable () -> Void)? = nil
    ) throws {
        try self.init(
            in: ContentStore(path: path),
            path: path,
            limits: limits,
            form: form,
            onUnpacking: onUnpacking
        )
    }

    /// Unpacks layers on one another.
    func unpack(_ archives: [[UInt8]]) throws -> [SharedDescriptor] {
        try unpack(archives.map { Digest(sha256: $0) }) { index throws(ImageError) in MemorySource(archives[index]) }
    }
}

/// A path to an open directory for other programs as well, as long as it is open.
func path(of root: SharedDescriptor) -> String {
    "/proc/\(getpid())/fd/\(root.number)"
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

/// All that a layer shows to a kernel.
private let wholeListingScript = #"""
    export LC_ALL=C
    find . -printf '%P %y %m %U %G %n %T@ %l\n' | sort
    find . -not -type d -printf '%P %s\n' | sort
    find . -not -type d -links +1 -printf '%i %P\n' | sort -k 2 | awk '!n[$1] { n[$1] = ++k } { print n[$1], $2 }'
    find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | sort
    find . -type f -print0 | sort -z | xargs -0r sha256sum
    find . -print0 | sort -z | xargs -0r getfattr -h -d -m - -e hex 2>/dev/null
    """#

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
