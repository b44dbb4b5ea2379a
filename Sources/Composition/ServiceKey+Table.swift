// SPDX-License-Identifier: Apache-2.0

extension ServiceKey {
    /// Every key of a service and of the objects in it, each once.
    ///
    /// Those of `build` are the builder's, and those of `develop` belong to `watch`; a row for the whole stands for them.
    package static let all = process + life + resources + networking + storage + deployment + cluster

    private static func rows(_ place: Place, _ paths: String...) -> [Self] { paths.map { Self($0, place) } }

    private static func rows(_ place: Place, below path: String, _ keys: String...) -> [Self] {
        keys.map { Self("\(path).\($0)", place) }
    }

    private static let process =
        rows(
            .request,
            "annotations",
            "cap_add",
            "cap_drop",
            "cgroup",
            "command",
            "container_name",
            "domainname",
            "entrypoint",
            "environment",
            "group_add",
            "hostname",
            "image",
            "init",
            "ipc",
            "labels",
            "pid",
            "platform",
            "privileged",
            "read_only",
            "runtime",
            "security_opt",
            "stdin_open",
            "sysctls",
            "tty",
            "use_api_socket",
            "user",
            "userns_mode",
            "uts",
            "working_dir"
        )
        + rows(.loading, "env_file", "label_file", "profiles")
        + rows(.loading, below: "env_file[]", "path", "required", "format")
        + rows(.command("build"), "build")
        + rows(.nowhere(windows), "credential_spec")
        + [Self("isolation", .nowhere(windows, except: ["default"]))]

    private static let life =
        rows(.request, "healthcheck", "logging", "restart", "stop_grace_period", "stop_signal")
        + rows(
            .request,
            below: "healthcheck",
            "test",
            "timeout",
            "interval",
            "retries",
            "start_period",
            "start_interval",
            "disable"
        )
        + rows(.request, below: "logging", "driver", "options")
        + rows(.command("up"), "attach", "depends_on", "post_start", "pre_start", "pre_stop", "pull_policy", "scale")
        + rows(.command("up"), below: "depends_on.*", "condition", "restart", "required")
        + rows(.command("up"), below: "pre_start[]", "image")
        + ["post_start", "pre_start", "pre_stop"].flatMap {
            rows(.command("up"), below: "\($0)[]", "command", "user", "privileged", "working_dir", "environment")
        }
        + rows(.command("watch"), "develop")

    private static let resources =
        rows(
            .request,
            "blkio_config",
            "cgroup_parent",
            "cpu_period",
            "cpu_quota",
            "cpu_rt_period",
            "cpu_rt_runtime",
            "cpu_shares",
            "cpus",
            "cpuset",
            "device_cgroup_rules",
            "devices",
            "mem_limit",
            "mem_reservation",
            "mem_swappiness",
            "memswap_limit",
            "oom_kill_disable",
            "oom_score_adj",
            "pids_limit",
            "shm_size",
            "ulimits"
        )
        + rows(
            .request,
            below: "blkio_config",
            "weight",
            "weight_device",
            "device_read_bps",
            "device_read_iops",
            "device_write_bps",
            "device_write_iops"
        )
        + rows(.request, below: "devices[]", "source", "target", "permissions")
        + rows(.nowhere(windows), "cpu_count", "cpu_percent")
        + rows(.refused(graphics), "gpus")
        + rows(.refused("a container's own file system has no limit of its own"), "storage_opt")

    private static let networking =
        rows(
            .request,
            "dns",
            "dns_opt",
            "dns_search",
            "expose",
            "external_links",
            "extra_hosts",
            "links",
            "mac_address",
            "network_mode",
            "networks",
            "ports"
        )
        + rows(
            .request,
            below: "networks.*",
            "aliases",
            "driver_opts",
            "gw_priority",
            "interface_name",
            "ipv4_address",
            "ipv6_address",
            "link_local_ips",
            "mac_address",
            "priority"
        )
        + rows(.request, below: "ports[]", "host_ip", "target", "published", "protocol")
        + rows(.reader, below: "ports[]", "name", "app_protocol")
        // Both words mean the same where there is one host.
        + rows(.reader, below: "ports[]", "mode")

    private static let storage =
        rows(.request, "configs", "secrets", "tmpfs", "volumes", "volumes_from")
        + ["configs", "secrets"].flatMap {
            rows(.request, below: "\($0)[]", "source", "target", "uid", "gid", "mode")
        }
        + rows(.request, below: "volumes[]", "type", "source", "target", "read_only", MountExtension.idMap)
        + rows(.nowhere("on Linux both sides see the same at once"), below: "volumes[]", "consistency")
        + rows(.request, below: "volumes[]", "bind", "volume", "tmpfs", "image")
        + rows(.request, below: "volumes[].bind", "selinux", "propagation", "create_host_path", "recursive")
        + rows(.request, below: "volumes[].volume", "labels", "nocopy", "subpath")
        + rows(.request, below: "volumes[].tmpfs", "size", "mode")
        + rows(.request, below: "volumes[].image", "subpath")

    private static let deployment =
        rows(.request, "deploy")
        + rows(.request, below: "deploy", "resources", "restart_policy")
        + rows(.request, below: "deploy.resources", "limits", "reservations")
        + rows(.request, below: "deploy.resources.limits", "cpus", "memory", "pids")
        + rows(.request, below: "deploy.resources.reservations", "memory")
        + rows(.request, below: "deploy.restart_policy", "condition", "max_attempts")
        + rows(.command("up"), below: "deploy", "replicas", "rollback_config", "update_config")
        + rows(
            .command("up"),
            below: "deploy.update_config",
            "parallelism",
            "delay",
            "failure_action",
            "monitor",
            "max_failure_ratio",
            "order"
        )

    private static let cluster =
        [
            Self("deploy.mode", .nowhere("there is one host; `deploy.replicas` counts", except: ["replicated"])),
            Self(
                "deploy.endpoint_mode",
                .nowhere("the name of a service leads to its containers themselves", except: ["dnsrr"])
            ),
        ]
        + rows(.nowhere("they are those of a service in a cluster; `labels` has the containers'"), "deploy.labels")
        + rows(
            .nowhere("there is one host to run on"),
            below: "deploy.placement",
            "constraints",
            "preferences",
            "max_replicas_per_node"
        )
        + rows(
            .nowhere("the engine has pauses of its own, which grow"),
            below: "deploy.restart_policy",
            "delay",
            "window"
        )
        + rows(
            .nowhere("a scheduler of a cluster keeps processors; `cpu_shares` gives a share of them"),
            "deploy.resources.reservations.cpus"
        )
        + rows(
            .nowhere("they are told apart by the nodes of a cluster"),
            "deploy.resources.reservations.generic_resources"
        )
        + rows(.refused(graphics), "deploy.resources.reservations.devices")
        // Not known to the schema there.
        + rows(.loading, "deploy.placement", "deploy.resources.reservations.pids")
        + rows(.loading, below: "deploy.resources.limits", "devices", "generic_resources")
        + rows(.refused("wharf does not run the programs that provide such services"), "provider")
        + rows(.refused("wharf runs no models"), "models")

    private static let windows = "it is for containers of Windows"
    private static let graphics =
        "wharf has no drivers that pick devices; name them below `devices`, such as /dev/dri/renderD128"
}
