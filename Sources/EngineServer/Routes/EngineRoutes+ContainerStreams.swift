// SPDX-License-Identifier: Apache-2.0

package import Engine
package import EngineAPI

extension EngineRoutes {
    var containerStreams: [Route] {
        [
            Route("POST", "containers/{id}/wait", endsWithClient: true, wait),
            Route("POST", "containers/{id}/attach", endsWithClient: true, attach),
            Route("POST", "containers/{id}/resize") { request, response in
                let size = try TerminalSize(request.query)
                try await engine.resizeContainer(request["id"], rows: size.rows, columns: size.columns)
                try await response.send(200)
            },
            Route("GET", "containers/{id}/logs", endsWithClient: true, logs),
            Route("GET", "containers/{id}/stats", endsWithClient: true, statistics),
            Route("GET", "containers/{id}/top") { request, response in
                let arguments = request.query["ps_args"] ?? ""
                try await response.send(json: engine.top(of: request["id"], arguments: arguments))
            },
        ]
    }

    private func wait(_ request: Request, _ response: ResponseWriter) async throws {
        let word = request.query.text("condition") ?? WaitCondition.notRunning.rawValue
        guard let condition = WaitCondition(rawValue: word) else {
            throw EngineError(.badParameter, "invalid condition: \"\(word.prefix(80))\"")
        }
        let result = try await engine.waitForContainer(request["id"], condition)
        // At once: clients start the container only after they have seen it.
        try await response.begin(type: "application/json")
        do {
            try await response.write(line: try await result())
        } catch let error as EngineError {
            var answer = ContainerWaitResponse()
            answer.statusCode = 125
            answer.error = ContainerWaitResponse.Failure()
            answer.error?.message = error.message
            try await response.write(line: answer)
        }
    }

    private func attach(_ request: Request, _ response: ResponseWriter) async throws {
        let query = AttachRequest(request.query)
        let keys = try DetachKeys(query.detachKeys)
        let attachment = try await engine.attach(to: request["id"], query)
        try await carry(attachment, keys, request, response)
    }

    /// Hands the connection over to the streams of a process.
    func carry(
        _ attachment: Attachment,
        _ keys: DetachKeys,
        _ request: Request,
        _ response: ResponseWriter
    ) async throws {
        let session = AttachedSession(attachment: attachment, source: request.source, writer: response, keys: keys)
        do {
            try await request.finishBody()
            try await response.handOver(type: request.streamType(hasTerminal: attachment.hasTerminal))
        } catch {
            await attachment.detach(false)
            throw error
        }
        try await session.run()
    }

    private func logs(_ request: Request, _ response: ResponseWriter) async throws {
        let query = try ContainerLogQuery(request.query)
        let (hasTerminal, output) = try await engine.logs(of: request["id"], query)
        try await response.begin(type: request.streamType(hasTerminal: hasTerminal))
        do {
            for try await piece in output {
                let bytes = hasTerminal ? piece.bytes : StreamFrames.encode(piece.bytes, of: piece.stream)
                try await response.write(piece: bytes)
            }
        } catch let error as EngineError {
            // The status has been sent, so that the stream itself has to tell.
            let text = Array("Error grabbing logs: \(error.message)\n".utf8)
            try await response.write(piece: hasTerminal ? text : StreamFrames.encode(text, of: .errors))
        }
    }

    private func statistics(_ request: Request, _ response: ResponseWriter) async throws {
        let id = request["id"]
        let query = request.query
        if !query.boolean("stream", absent: true) {
            var sample = try await engine.statistics(of: id)
            if !query.boolean("one-shot") {
                try await Task.sleep(for: .seconds(1))
                sample = try await engine.statistics(of: id).following(sample)
            }
            return try await response.send(json: sample)
        }
        var sample = try await engine.statistics(of: id)
        try await response.begin(type: "application/json")
        try await response.write(line: sample)
        let clock = ContinuousClock()
        var next = clock.now
        while !Task.isCancelled {
            // A client that reads slowly gets fewer of them, and never several at once.
            next = max(next + .seconds(1), clock.now)
            try await clock.sleep(until: next)
            do {
                sample = try await engine.statistics(of: id).following(sample)
            } catch is EngineError {
                // The container has gone, and with it what there is to tell.
                return
            }
            try await response.write(line: sample)
        }
    }
}

extension ContainerStatistics {
    /// The same with a sample before it, from which clients compute what happened between the two.
    package func following(_ previous: Self) -> Self {
        var result = self
        result.preread = previous.read
        result.previousCPU = previous.cpu
        return result
    }
}

/// The size of a terminal, as the query of a resize says it.
package struct TerminalSize: Equatable, Sendable {
    package var rows: UInt16
    package var columns: UInt16

    package init(_ query: Query) throws(EngineError) {
        rows = try Self.number("h", query)
        columns = try Self.number("w", query)
    }

    private static func number(_ name: String, _ query: Query) throws(EngineError) -> UInt16 {
        guard let number = UInt16(query[name] ?? "") else {
            throw EngineError(.badParameter, "`\(name)` is not a number of characters from 0 to 65535")
        }
        return number
    }
}

extension ContainerLogQuery {
    /// Reads the query of `GET /containers/{id}/logs`.
    package init(_ query: Query) throws(EngineError) {
        self.init()
        showsOutput = query.boolean("stdout")
        showsErrors = query.boolean("stderr")
        guard showsOutput || showsErrors else {
            throw EngineError(.badParameter, "Bad parameters: you must choose at least one stream")
        }
        follows = query.boolean("follow")
        showsTimestamps = query.boolean("timestamps")
        showsDetails = query.boolean("details")
        isAttached = query.boolean("x-wharf-attached")
        since = try query.instant("since")
        until = try query.instant("until")
        // As Docker's engine: `all` and everything else that is no number of lines is all.
        tail = query.text("tail").flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
    }
}

extension AttachRequest {
    /// Reads the query of `POST /containers/{id}/attach`.
    package init(_ query: Query) {
        self.init()
        streams = query.boolean("stream")
        includesLog = query.boolean("logs")
        input = query.boolean("stdin")
        output = query.boolean("stdout")
        errors = query.boolean("stderr")
        detachKeys = query.text("detachKeys")
    }
}
