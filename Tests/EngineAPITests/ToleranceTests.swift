// SPDX-License-Identifier: Apache-2.0

import EngineAPI
import FoundationEssentials
import OCI
import Testing

@Suite struct `Requests for containers` {
    @Test(arguments: [
        #"{"Image":"i"}"#,
        #"{"Image":"i","HostConfig":null,"NetworkingConfig":null}"#,
        #"{"Image":"i","HostConfig":{},"NetworkingConfig":{}}"#,
        #"{"Image":"i","Env":null,"Labels":null,"Tty":null,"HostConfig":{"Memory":null,"PidsLimit":null,"Init":null}}"#,
        #"{"Image":"i","HostConfig":{"Memory":0,"MemorySwappiness":-1,"PidsLimit":0,"OomKillDisable":false}}"#,
        #"{"Image":"i","HostConfig":{"Memory":-1,"NanoCpus":-1,"CpuQuota":-1,"PidsLimit":-1,"MemorySwappiness":-1}}"#,
        #"{"Image":"i","Later":{"a":[1]},"HostConfig":{"RestartPolicy":{"Name":"no"},"NetworkMode":"default"}}"#,
        #"{"Image":"i","HostConfig":{"RestartPolicy":null,"LogConfig":null,"NetworkMode":"bridge","X":1}}"#,
    ])
    func `that set nothing are all alike`(text: String) throws {
        let plain = ContainerCreateRequest(config: Self.config("i")).normalized()
        #expect(try decode(ContainerCreateRequest.self, text).normalized() == plain)
    }

    @Test func `a limit that is set stays`() throws {
        let text = #"""
            {"Image":"i","HostConfig":{"Memory":1,"MemorySwap":-1,"MemorySwappiness":0,"PidsLimit":5,
             "CapAdd":["net_admin","CAP_CHOWN","all"],"CapDrop":["ALL"]}}
            """#
        let host = try decode(ContainerCreateRequest.self, text).normalized().hostConfig
        #expect(host.resources.memory.ifSet == 1)
        #expect(host.resources.memorySwap == -1)
        #expect(host.resources.memorySwappiness == 0)
        #expect(host.resources.pidsLimit == 5)
        #expect(host.capAdd == ["CAP_NET_ADMIN", "CAP_CHOWN", "ALL"])
        #expect(host.capDrop == ["ALL"])
    }

    @Test func `the network default is the bridge`() throws {
        let request = try Fixture.read(ContainerCreateRequest.self, "create-cli-default-network.json").normalized()
        #expect(request.hostConfig.networkMode == "bridge")
        #expect(request.networkingConfig.endpointsConfig?.keys.sorted() == ["bridge"])
    }

    @Test func `a command can be one text`() throws {
        let request = try decode(ContainerCreateRequest.self, #"{"Cmd":"true","Entrypoint":[]}"#)
        #expect(request.config.cmd == ["true"])
        #expect(request.config.entrypoint == [])
    }

    @Test(arguments: [
        (#"{"Image":3}"#, "Image"), (#"{"HostConfig":{"Memory":"1"}}"#, "HostConfig.Memory"),
        (#"{"HostConfig":{"Memory":true}}"#, "HostConfig.Memory"), (#"{"Env":[1]}"#, "Env.0"),
        (#"{"HostConfig":{"PortBindings":{"80/tcp":[{"HostPort":80}]}}}"#, "HostConfig.PortBindings.80/tcp.0.HostPort"),
    ])
    func `a wrong type is refused with its place`(text: String, place: String) throws {
        let failure = #expect(throws: DecodingError.self) { try decode(ContainerCreateRequest.self, text) }
        let error = EngineError(unreadableBody: try #require(failure))
        #expect(error.code.httpStatus == 400)
        #expect(error.message.contains("`\(place)`"), "\(error.message)")
    }

    @Test(arguments: ["", "{", "[]", "null", "\"a\"", "{\"Image\":\"a\"", "\u{0}"])
    func `what is no request is refused`(text: String) {
        #expect(throws: DecodingError.self) { try decode(ContainerCreateRequest.self, text) }
    }

    @Test func `an image's own config is taken over`() throws {
        let text =
            #"{"Env":["A=b"],"Cmd":["sh"],"ExposedPorts":{"80/tcp":{}},"StopSignal":"SIGINT","Labels":{"a":"b"}}"#
        let image = try decode(OCI.ContainerConfig.self, text)
        let config = EngineAPI.ContainerConfig(image)
        let written = try decode(JSONValue.self, encode(config)).withoutUnset
        #expect(try decode(JSONValue.self, text).withoutUnset.differences(to: written).isSubset(of: ["-ExposedPorts"]))
        #expect(config.exposedPorts?.keys.sorted() == ["80/tcp"])
    }

    @Test func `an inspection of an image always has its old config`() throws {
        let written = try decode(JSONValue.self, encode(ImageInspection()))
        #expect(written["ContainerConfig"]?["Labels"] == .null)
    }

    private static func config(_ image: String) -> EngineAPI.ContainerConfig {
        var config = EngineAPI.ContainerConfig()
        config.image = image
        return config
    }
}
