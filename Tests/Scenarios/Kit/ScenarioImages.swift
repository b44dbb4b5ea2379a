// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import EngineClient
import Glibc
import Linux
import TestSupport

/// The images of all scenarios, in one archive of the form of `docker save`.
///
/// Containers of theirs sleep until they are killed, at once: no scenario waits for a grace period that it does not name.
///
/// | image | is |
/// |---|---|
/// | `busybox:latest` | Debian's busybox |
/// | `busybox:2` | the same with a variable more |
/// | `app:latest` | an image with two volumes, a port, a label, a working folder and a user |
enum ScenarioImages {
    /// Their names.
    static let names = ["app:latest", "busybox:2", "busybox:latest"]

    private static let made = Result { () throws in
        let scratch = try Scratch()
        try scratch.write("layer.tar", bytes: try BusyboxArchive.bytes())
        let script = #"""
            # Given content has given names: the archive holds three configurations and one layer.
            layer=$(sha256sum layer.tar | cut -d ' ' -f 1)
            images=()
            image() {
                printf '{"architecture":"amd64","os":"linux","created":"2024-01-01T00:00:00Z","config":{"Cmd":["sleep","1000000"],
            "StopSignal":"SIGKILL",%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},
            "history":[{"created":"2024-01-01T00:00:00Z","created_by":"%s"}]}' "$2" "$layer" "$1" >"$1.json"
                images+=("{\"Config\":\"$1.json\",\"RepoTags\":[\"$3\"],\"Layers\":[\"layer.tar\"]}")
            }
            path='"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"'
            image one "\"Env\":[$path]" busybox:latest
            image two "\"Env\":[$path,\"EDITION=2\"]" busybox:2
            image app "\"Env\":[$path,\"APP=1\"],\"Volumes\":{\"/data\":{},\"/cache\":{}},\"ExposedPorts\":{\"80/tcp\":{}},
            \"Labels\":{\"of\":\"image\"},\"WorkingDir\":\"/tmp\",\"User\":\"root\"" app:latest
            (IFS=,; echo "[${images[*]}]") >manifest.json
            tar -cf images.tar manifest.json one.json two.json app.json layer.tar
            """#
        let outcome = try Command("/bin/bash", ["-euo", "pipefail", "-c", script], in: scratch.path).run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return try readBytes(scratch / "images.tar")
    }

    /// Gives an engine what it lacks of them.
    ///
    /// - Parameter client: The engine.
    /// - Throws: Where the engine refuses.
    static func load(into client: EngineClient) throws {
        let present = Set(try client.listImages().flatMap { $0.repoTags ?? [] })
        if present.isSuperset(of: names) { return }
        let scratch = try Scratch()
        let archive = try scratch.write("images.tar", bytes: try made.get())
        let descriptor = try Descriptor.open(archive, O_RDONLY | O_CLOEXEC)
        var response = try client.loadImages(from: descriptor.number, quiet: true)
        while try response.next() != nil {}
    }
}
