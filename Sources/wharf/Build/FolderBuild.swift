// SPDX-License-Identifier: Apache-2.0

import Build
import EngineAPI
import EngineClient
import Glibc
import Images
import Linux
import Terminal

/// The build of one folder, as `docker build` does it.
struct FolderBuild {
    private let global: GlobalOptions
    private let options: BuildOptions
    private let folder: String

    /// The most that is read of a Dockerfile on standard input.
    private static let dockerfileLimit = 4 << 20

    init(_ global: GlobalOptions, _ options: BuildOptions, _ folder: String) {
        (self.global, self.options, self.folder) = (global, options, folder)
    }

    /// Builds.
    ///
    /// - Throws: ``CommandFailure`` where there is no image.
    func run() throws {
        let engine = try global.client()
        var request = try options.sent()
        request.registries = try DockerConfiguration().allCredentials()
        var name = options.dockerfile ?? "Dockerfile"
        let image: BuildEvent.Image
        if options.dockerfile == "-" {
            (request.dockerfileText, name) = (try standardInput(), "standard input")
        } else if let path = options.dockerfile, folder != "-", isLocal {
            request.dockerfile = try BuildOptions.absolute(path)
        } else {
            request.dockerfile = options.dockerfile
        }
        let display = try options.display(global)
        let run = ImageBuild(display: display, title: "", dockerfile: name)
        defer { display.finish() }
        if folder == "-", options.dockerfile != "-" {
            image = try fromStandardInput(&request, engine, run)
        } else {
            if folder != "-" { request.context = isLocal ? try BuildOptions.absolute(folder) : folder }
            image = try run.image { try engine.build(request) }
        }
        try finish(image, engine)
    }

    /// Whether the context is a folder of this machine.
    private var isLocal: Bool { if case .folder = NamedContext(folder) { true } else { false } }

    private func standardInput() throws -> String {
        String(decoding: try InputFile.read("/dev/stdin", limit: Self.dockerfileLimit), as: UTF8.self)
    }

    /// Standard input is an archive with everything, or a Dockerfile that needs nothing else.
    private func fromStandardInput(
        _ request: inout ImageBuildRequest,
        _ engine: EngineClient,
        _ run: ImageBuild
    ) throws -> BuildEvent.Image {
        let spool = try Self.temporaryFile()
        let input = try Descriptor.open("/dev/stdin", O_RDONLY)
        try input.copyContent(to: spool)
        func start() throws -> Descriptor { try Descriptor.open("/proc/self/fd/\(spool.number)", O_RDONLY) }
        if TarReader.isArchive(DescriptorSource(try start(), name: "standard input")) {
            let archive = try start()
            let wanted = request
            return try run.image { try engine.build(wanted, context: archive.number) }
        }
        request.dockerfileText = String(decoding: try start().contents(limit: Self.dockerfileLimit), as: UTF8.self)
        let wanted = request
        return try run.image { try engine.build(wanted) }
    }

    /// A file without a name, gone with its descriptor.
    private static func temporaryFile() throws -> Descriptor {
        var template = Array("\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/wharf-XXXXXX".utf8CString)
        let number = mkstemp(&template)
        if number < 0 { throw CommandFailure(message: "cannot make a temporary file: \(SystemError.text(of: errno))") }
        unlink(template)
        return Descriptor(owning: number)
    }

    // MARK: What comes of it

    private func finish(_ image: BuildEvent.Image, _ engine: EngineClient) throws {
        if let path = options.identifierFile { try OutputFile.write(Array(image.id.utf8), to: path) }
        for output in options.outputs { try write(image, to: output, engine) }
        let isWritten = options.outputs.contains { $0.path == "-" }
        if options.pushes { try push(image, engine) }
        if options.isQuiet, !isWritten { OutputStream.standard.write(image.id + "\n") }
    }

    private func push(_ image: BuildEvent.Image, _ engine: EngineClient) throws {
        if image.names.isEmpty {
            throw CommandFailure(message: "an image without a name cannot be pushed: `-t NAME` gives it one")
        }
        let pushes = ImagePushes(client: engine, references: try image.names.map { try ImagePuller.reference($0) })
        try pushes.run(global, isQuiet: options.isQuiet).finish()
    }

    private func write(_ image: BuildEvent.Image, to output: BuildOutputTarget, _ engine: EngineClient) throws {
        switch output.kind {
        case .image: return
        case .docker where output.path.isEmpty: return
        case .docker, .oci:
            var response = try engine.saveImages(image.names.isEmpty ? [image.id] : image.names)
            try copy(&response, to: output.path)
        case .tar:
            var response = try engine.exportImage(image.id)
            try copy(&response, to: output.path)
        case .local:
            if mkdir(output.path, 0o755) != 0, errno != EEXIST {
                throw CommandFailure(message: "cannot make `\(output.path)`: \(SystemError.text(of: errno))")
            }
            let root = try Descriptor.open(output.path, O_RDONLY | O_DIRECTORY)
            let files = ResponseSource(try engine.exportImage(image.id))
            do throws(ImageError) {
                try TreeUnpacker.unpack(files, into: root, at: "/")
            } catch {
                throw CommandFailure(message: "cannot write to `\(output.path)`: \(error)")
            }
        }
    }

    private func copy(_ response: inout Response, to path: String) throws {
        if path != "-" { return try OutputFile.write(to: path) { try response.next() } }
        while let piece = try response.next() {
            let failure = OutputStream.standard.write(piece)
            if failure != 0 {
                throw CommandFailure(message: "cannot write to standard output: \(SystemError.text(of: failure))")
            }
        }
    }
}

/// The body of an answer, as archives are read.
private final class ResponseSource: ByteSource {
    private var response: Response
    private var rest: ArraySlice<UInt8> = []

    init(_ response: consuming Response) {
        self.response = response
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImageError) -> Int {
        if rest.isEmpty {
            do {
                rest = (try response.next() ?? [])[...]
            } catch {
                throw ImageError(.system, "cannot read the answer of the engine: \(error)")
            }
        }
        let piece = rest.prefix(buffer.count)
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}
