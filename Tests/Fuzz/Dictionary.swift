// SPDX-License-Identifier: Apache-2.0

/// Words that mean something to a part of the loader.
enum Dictionary {
    static let tokens = yaml + interpolation + keys + values + numbers
    /// What may stand in the place of a word without breaking the lines around it.
    static let words = values + numbers + interpolation + keys.map { String($0.prefix { $0 != ":" }) }

    private static let yaml = [
        ":", ": ", "- ", "? ", "#", " #", "\n", "\r\n", "\r", "\t", "  ", "[", "]", "{", "}", ",", "|", "|+2\n", ">-\n",
        "'", "\"", "&a ", "*a", "&a [*a]", "<<: *a", "<<: [*a, *a]", "<<: ", "!reset ", "!override ", "!!str ",
        "!!int ",
        "!!binary ", "!!float ", "!!null ", "!!set ", "!!omap ", "!<tag:yaml.org,2002:map> ", "!x ", "---\n", "...\n",
        "%YAML 1.1\n---\n", "%TAG ! tag:x,2000:\n---\n", "~", "null", "\\", "\\x00", "\\uD800", "\\U0010FFFF", "\u{85}",
        "\u{2028}", "\u{feff}", "\0", "\u{1b}[31m", "é", "日本", "🐳", "e\u{301}",
    ]

    private static let interpolation = [
        "$", "$$", "${", "}", "${A}", "${A:-", "${A:-}", "${A-b}", "${A:?", "${A?b}", "${A:+b}", "${A:-${B:-${C}}}",
        "${A:-{}}", "$A$B", "${", "${A", "${1}", "$1", "${A:x}", "${COMPOSE_PROJECT_NAME}", "${A:-\n}", "export ", "=",
        "A=",
        "A='", "A=\"", "A: ", "COMPOSE_FILE=", "COMPOSE_PROFILES=", "COMPOSE_PATH_SEPARATOR=,\n",
    ]

    private static let keys = [
        "services:\n", "networks:\n", "volumes:\n", "secrets:\n", "configs:\n", "models:\n", "include:\n", "name: ",
        "extends: ", "extends: {file: compose.yaml, service: a}", "include: [compose.yaml]", "file: ", "service: ",
        "depends_on: ", "condition: ", "service_healthy", "service_completed_successfully", "required: false",
        "restart: true",
        "image: ", "build: ", "context: ", "dockerfile_inline: ", "additional_contexts: ", "args: ", "ssh: ", "tags: ",
        "ports: ", "target: ", "published: ", "expose: ", "environment: ", "env_file: ", "format: raw", "label_file: ",
        "labels: ", "command: ", "entrypoint: ", "healthcheck: ", "test: ", "interval: ", "deploy: ", "resources: ",
        "limits: ", "reservations: ", "devices: ", "device_ids: ", "count: ", "capabilities: ", "driver: ",
        "driver_opts: ",
        "external: true", "external: {name: x}", "ipam: ", "config: ", "subnet: ", "ipv4_address: ", "aliases: ",
        "network_mode: ", "service:a", "container:a", "links: ", "external_links: ", "volumes_from: ", "tmpfs: ",
        "type: bind",
        "bind: ", "create_host_path: ", "volume: ", "subpath: ", "source: ", "read_only: ", "profiles: ", "scale: ",
        "replicas: ", "cpus: ", "mem_limit: ", "memswap_limit: ", "shm_size: ", "ulimits: ", "nofile: ", "sysctls: ",
        "extra_hosts: ", "dns: ", "logging: ", "options: ", "develop: ", "watch: ", "path: ", "action: sync",
        "provider: ",
        "post_start: ", "pre_stop: ", "gpus: all", "blkio_config: ", "credential_spec: ", "stop_grace_period: ",
        "x-a: ",
        "pull_policy: ", "platform: ", "platforms: ", "group_add: ", "security_opt: ", "storage_opt: ", "mac_address: ",
        "project_directory: ", "version: ", "attach: ", "content: ", "mode: ", "uid: ",
    ]

    private static let values = [
        "a", "b", "web", "true", "false", "yes", "Off", "''", "\"\"", "[]", "{}", ".", "..", "/", "~", "~/x",
        "./a:/b:ro",
        "a:/b", "v:/data", "C:\\x:/y", ":", "::", "/a:/b:z,rshared", "80:80", "127.0.0.1::80", "[::1]:80:80/udp",
        "8000-8005:80", "8000-8002:9000-9002", "3000-3005", "1-65535", "10m", "1.5gb", "1h30m", "10s", "-1", "all", "*",
        "host", "none", "CMD", "CMD-SHELL", "NONE", "a=b", "a:b:c:d", "k=", "=v", "0440", "user@host",
        "https://x/y.git#z:w",
        "git@github.com:o/r.git", "oci://r/x:1", "2020-01-01", "12:30:45", "a@sha256:0",
        "host.docker.internal:host-gateway",
        "/dev/null", "/dev/zero", "compose.yaml", "other.yaml",
    ]

    private static let numbers = [
        "0", "-0", "1", "-1", "255", "65535", "65536", "2147483647", "2147483648", "-2147483649", "4294967296",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "1e3", "1e400",
        "-1e-400", "0x7fffffffffffffff", "0x1F", "0b101", "0o777", "08", "1_000", ".inf", "-.inf", ".nan", "1.", ".5",
        "0.1e1", "99999999999999999999999999999999999999",
    ]
}
