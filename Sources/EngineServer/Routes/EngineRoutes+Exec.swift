// SPDX-License-Identifier: Apache-2.0

import Engine
import EngineAPI

extension EngineRoutes {
    var execs: [Route] {
        [
            Route("POST", "containers/{id}/exec") { request, response in
                let exec = try await request.json(ExecCreateRequest.self)
                try await response.send(201, json: engine.createExec(in: request["id"], exec))
            },
            Route("POST", "exec/{id}/start", endsWithClient: true, start),
            Route("POST", "exec/{id}/resize") { request, response in
                let size = try TerminalSize(request.query)
                try await engine.resizeExec(request["id"], rows: size.rows, columns: size.columns)
                try await response.send(200)
            },
            Route("GET", "exec/{id}/json") { request, response in
                try await response.send(json: engine.inspectExec(request["id"]))
            },
        ]
    }

    /// Docker's engine hands the connection over before it starts the program, and tells of a failure in the stream: clients
    /// start an exec a second time and go by that (Docker Compose's `watch`).
    private func start(_ request: Request, _ response: ResponseWriter) async throws {
        let body = try await request.json(ExecStartRequest.self, absent: ExecStartRequest())
        if body.detach {
            _ = try await engine.startExec(request["id"], body)
            return try await response.send(200)
        }
        let exec = try await engine.inspectExec(request["id"])
        let keys = try DetachKeys(exec.detachKeys.isEmpty ? nil : exec.detachKeys)
        let hasTerminal = exec.process.tty
        try await request.finishBody()
        try await response.handOver(type: request.streamType(hasTerminal: hasTerminal))
        do {
            guard let attachment = try await engine.startExec(request["id"], body) else { return }
            let session = AttachedSession(
                attachment: attachment,
                source: request.source,
                writer: response,
                keys: keys
            )
            try await session.run()
        } catch let error as EngineError {
            let text = Array("\(error.message)\r\n".utf8)
            try await response.write(raw: hasTerminal ? text : StreamFrames.encode(text, of: .output))
        }
    }
}
