// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import TestSupport

/// Debian's registry on a port of 127.0.0.1, with a folder of its own; it ends with the last reference.
package final class TestRegistry: Sendable {
    package let pid: Int32
    /// `127.0.0.1:PORT`.
    package let address: String
    private let scratch: Scratch

    /// What a registry can be given besides.
    package struct Options: Sendable {
        /// The path of a file of htpasswd.
        package var passwords: String?
        /// The paths of a certificate and its key.
        package var certificate: (file: String, key: String)?
        /// The path of an authority whose certificates clients have to show.
        package var clientAuthority: String?
        /// More lines of the settings: `proxy` or another `auth`.
        package var settings = ""

        package init() {}
    }

    /// Starts a registry and waits until it listens.
    ///
    /// - Parameter options: What it is given besides.
    /// - Throws: What it says of its failure.
    package init(_ options: Options = Options()) throws {
        scratch = try Scratch()
        var settings = """
            version: 0.1
            log: {level: info, accesslog: {disabled: true}}
            storage: {filesystem: {rootdirectory: "\(scratch.path)/data"}, delete: {enabled: true}}
            http:
              addr: 127.0.0.1:0

            """
        if let certificate = options.certificate {
            let clients = options.clientAuthority.map { ", clientcas: [\"\($0)\"]" } ?? ""
            settings += "  tls: {certificate: \"\(certificate.file)\", key: \"\(certificate.key)\"\(clients)}\n"
        }
        if let passwords = options.passwords {
            settings += "auth: {htpasswd: {realm: test, path: \"\(passwords)\"}}\n"
        }
        try scratch.write("config.yml", settings + options.settings)
        let pipe = try Pipe()
        let pid = try Self.spawn(scratch / "config.yml", writingTo: pipe.writer.number)
        self.pid = pid
        do {
            address = try pipe.split { reader, writer in
                close(writer.release())
                let address = try Self.address(from: reader)
                // Nobody waits for the rest of what it says.
                let box = DescriptorBox(reader)
                try BlockingCall.start { Self.drain(box) }
                return address
            }
        } catch {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw error
        }
    }

    deinit {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    private static func address(from reader: borrowing Descriptor) throws -> String {
        var said: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let text = String(decoding: said, as: UTF8.self)
            if let range = text.firstRange(of: "listening on 127.0.0.1:") {
                let port = text[range.upperBound...].prefix(while: \.isNumber)
                if range.upperBound < text.endIndex, text[range.upperBound...].contains(where: { !$0.isNumber }) {
                    return "127.0.0.1:\(port)"
                }
            }
            let count = read(reader.number, &piece, piece.count)
            guard count > 0 else { throw SystemFailure(message: "docker-registry: \(text)") }
            said += piece.prefix(count)
        }
    }

    private static func drain(_ box: DescriptorBox) {
        guard let reader = box.take() else { return }
        var piece = [UInt8](repeating: 0, count: 4096)
        while read(reader.number, &piece, piece.count) > 0 {}
    }

    private static func spawn(_ settings: String, writingTo output: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        let texts = ["docker-registry", "serve", settings]
        var words: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, "/usr/bin/docker-registry", &actions, nil, &words, &environment)
        if failure != 0 { throw SystemFailure("start", "docker-registry", failure) }
        return pid
    }
}
