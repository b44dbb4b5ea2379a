// SPDX-License-Identifier: Apache-2.0

import ConformanceKit

/// Docker Compose, with which the commands on projects are compared; nil where nobody has fetched it.
let oracle = Tools.findReference()

/// A project `shop` whose containers are made by hand, with the labels that Docker Compose gives them.
enum Shop {
    /// Makes the compose file in the folder `shop`, goes there, and defines the words that make containers.
    static let files = """
        mkdir -p shop; cd shop; label=com.docker.compose
        cat > compose.yaml <<'END'
        services:
          web: {image: busybox, ports: ["8080:80"]}
          job: {image: busybox}
          idle: {image: busybox, profiles: [extra]}
        volumes: {data: {}}
        END
        # SERVICE NUMBER [OPTIONS] IMAGE [COMMAND]
        make() {
            local service=$1 number=$2; shift 2
            c create --name shop-$service-$number -l $label.project=shop -l $label.service=$service \\
                -l $label.container-number=$number -l $label.oneoff=False -l $label.config-hash=0 \\
                -l $label.project.config_files=$PWD/compose.yaml "$@" > /dev/null
        }
        oneoff() {
            local service=$1; shift
            c create --name shop-$service-run-0 -l $label.project=shop -l $label.service=$service \\
                -l $label.slug=0 -l $label.oneoff=True -l $label.config-hash=0 \\
                -l $label.project.config_files=$PWD/compose.yaml "$@" > /dev/null
        }

        """

    /// The same with two containers of `web`, one of `job` that has ended, and one of `run`.
    static let running =
        files + """
            wharf volume create --label $label.project=shop --label $label.volume=data shop_data > /dev/null
            make web 1 -p 8080:80 -p 127.0.0.1:5300:53/udp -v shop_data:/data busybox sh -c 'echo hello; exec sleep 1000'
            make web 2 --network none busybox sleep 1000
            make job 1 --network none busybox sh -c 'exit 3'
            oneoff web --network none busybox sleep 1000
            c start shop-web-1 shop-web-2 shop-job-1 shop-web-run-0 > /dev/null; c wait shop-job-1 > /dev/null

            """

    /// Words that run a command with both programs and tell where they differ.
    static func comparison(with oracle: String) -> String {
        #"""
        even() { sed -E 's/(Less than a|About a|[0-9]+) (second|minute|hour)s?( ago)?/AGO/g; s/ +/ /g; s/-{3,}//g'; }
        same() {
            diff <(timeout 600 \#(oracle) "$@" 2> /dev/null | "${EVEN:-even}") <(wharf "$@" 2> errors | "${EVEN:-even}") \
                && echo "same: $*" || cat errors
        }
        # JSON by value: in the order of names, with the labels of a text in theirs.
        values() { python3 -c '
        import json, sys
        text = sys.stdin.read()
        found = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines()]
        for item in found:
            if "Labels" in item: item["Labels"] = sorted(item["Labels"].split(","))
            for key in ["RunningFor", "Status", "Created"]: item.pop(key, None)
        for item in sorted(found, key=lambda item: item.get("Name") or item.get("ContainerName") or item.get("time")):
            print(json.dumps(item, sort_keys=True))
        '; }

        """#
    }
}
