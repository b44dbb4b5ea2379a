// SPDX-License-Identifier: Apache-2.0

package import Compose

extension ExecCreateRequest {
    /// The program of a hook, with both streams of its output.
    ///
    /// - Parameter hook: A hook of a service, or of a rule of `develop.watch`.
    package init(running hook: Hook) {
        self.init()
        cmd = CommandWords(hook.command ?? [])
        user = hook.user ?? ""
        privileged = hook.privileged
        workingDir = hook.workingDirectory ?? ""
        env = hook.environment.sorted { $0.key < $1.key }.map { key, value in value.map { "\(key)=\($0)" } ?? key }
        (attachStdout, attachStderr) = (true, true)
    }
}
