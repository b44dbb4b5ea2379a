// SPDX-License-Identifier: Apache-2.0

import Glibc
import Images
import ImagesSupport
import Linux
import Synchronization
import TestSupport
import Testing

/// A folder of the host as the root of a container.
final class TestRoot: Sendable {
    let scratch: Scratch
    let descriptor: Descriptor

    init(_ script: String = "") throws {
        scratch = try Scratch()
        try makeFolder(scratch / "root")
        descriptor = try Descriptor.open(scratch / "root", O_RDONLY | O_DIRECTORY)
        // What is beside the root must stay as it is.
        try scratch.write("canary/file", Self.secret)
        if !script.isEmpty { try shell(script, in: path) }
    }

    deinit {
        // A scratch folder is removed by names in UTF-8, and those of a hostile root need not be.
        _ = try? run("rm", ["-rf", path])
    }

    var path: String { scratch / "root" }

    /// Everything beside the root.
    func canary() throws -> String {
        try shell("find canary -printf '%P %y %m %U %G %s\\n' | sort; cat canary/file", in: scratch.path)
    }

    static let secret = "what only the host may see"
}

/// Everything about the files below a folder, by programs that are not ours.
func listing(_ folder: String) throws -> String {
    try shell(
        #"""
        export LC_ALL=C
        find . -mindepth 1 ! -type s -printf '%P %y %m %U %G %s %Ts %l\n' | awk '$2 == "d" { $6 = "-" } { print }' | sort
        find . -type f -links +1 -printf '%i %P\n' | sort | awk '$1 != last { printf "\n" } { last = $1; printf " %s", $2 }' | sort
        echo
        find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | sort
        find . -type f -print0 | sort -z | xargs -0r sha256sum
        find . -mindepth 1 ! -type s -print0 | sort -z | xargs -0r getfattr -h -d -m - -e hex 2>/dev/null
        """#,
        in: folder
    )
}

/// A thread that changes a file between two states as fast as it can, as a hostile process of a container does.
final class SwapRace: Sendable {
    private let result: BlockingResult<Int>

    /// - Parameters:
    ///   - first: A path of the host.
    ///   - second: Another, whose file is exchanged with the first again and again.
    /// - Throws: Where there is no thread.
    init(_ first: String, _ second: String) throws {
        // The thread must not own the race that it belongs to.
        let flag = SwapFlag()
        self.flag = flag
        result = try BlockingCall.begin {
            var count = 0
            while !flag.isSet {
                // Renamed twice, since a directory cannot take the place of a link in one step.
                rename(first, "\(first).away")
                rename(second, first)
                rename(first, second)
                rename("\(first).away", first)
                count += 1
            }
            return count
        }
    }

    private let flag: SwapFlag

    /// Ends it; how often the files were exchanged.
    func end() async throws -> Int {
        flag.set()
        return try await result.value
    }
}

private final class SwapFlag: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}

/// A control group of one test, gone with its processes when the last reference goes.
final class TestGroup {
    let group: ControlGroup

    init(_ name: String, _ limits: ResourceLimits = ResourceLimits()) throws {
        var trees = try ControlGroupHierarchies.discover()
        trees.parent = ["wharf-engine-test-\(getpid())"]
        group = try ControlGroup.create([name], limits: limits, in: trees)
    }

    deinit {
        do {
            try group.kill()
            _ = try group.waitUntilEmpty(timeout: .seconds(30))
            try group.remove()
        } catch {
            print("cannot clean up: \(error)")
        }
    }
}
