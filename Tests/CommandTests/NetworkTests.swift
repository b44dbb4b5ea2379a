// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// The commands that manage networks: ours, and Docker's where the machine has it.
private let clients =
    ["wharf"] + (["/usr/local/bin/docker", "/usr/bin/docker"].contains(where: isExecutable) ? ["docker"] : [])

@Suite struct `Networks by a command` {
    /// Short words for the client; what differs in how the two tell errors is taken away.
    private static func words(_ client: String) -> String {
        """
        n() { \(client) network "$@" 2>&1 | sed -E 's/^(error|Error response from daemon): //' | grep -v '^exit status'; }
        c() { \(client == "docker" ? "docker" : "wharf container") "$@" 2>&1 | sed -E 's/^(error|docker|Error response from daemon): //'; }
        get() { /bin/busybox wget -qO- "$1" 2>&1; }
        # A server of its own name, which is known to listen when this returns.
        serve() {
            local name=$1; shift
            c run -d --name $name "$@" busybox sh -c "echo $name > /tmp/index.html; httpd -h /tmp; echo listens; exec sleep 1000" > /dev/null
            lines 1 \(client == "docker" ? "docker" : "wharf container") logs -f $name > /dev/null
        }

        """
    }

    @Test(arguments: clients) func `have links to what is there`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    c create --name one --link nope:other busybox true | head -1
                    c ps -aq | wc -l
                    n create own | wc -l; c run --rm --network own --link nope:other busybox echo ran
                    """
            )
            #expect(
                transcript == """
                    could not get container for nope: No such container: nope
                    0
                    1
                    ran

                    """
            )
        }
    }

    @Test(arguments: clients) func `are made, shown and removed`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    n create --label tier=db back | grep -cE '^[0-9a-f]{64}$'
                    n create --subnet 10.77.0.0/16 --ip-range 10.77.5.0/24 --gateway 10.77.0.1 --aux-address r=10.77.5.1 --internal net10 | wc -l
                    n create --ipv6 --subnet fd77::/64 net9 | wc -l
                    n ls --format '{{.Name}} {{.Driver}} {{.Scope}} {{.Internal}} {{.IPv6}} {{.Labels}}'
                    n ls -q -f label=tier=db | grep -cE '^[0-9a-f]{12}$'
                    n ls -f type=custom -f name=net --format '{{.Name}}'
                    n ls -f driver=null | tr -s ' '
                    n ls -f dangling=false --format '{{.Name}}'
                    n inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels.tier}} {{.Internal}} {{.Containers}}' back
                    n inspect -f '{{range .IPAM.Config}}{{.Subnet}} {{.IPRange}} {{.Gateway}} {{.AuxAddress}}{{end}}' net10
                    n inspect -f '{{.EnableIPv6}} {{range .IPAM.Config}}{{.Subnet}}{{"\\n"}}{{end}}' net9 | grep fd77
                    n inspect missing | sort
                    n create back | grep -o 'network with name back already exists'
                    n create --subnet 10.77.9.0/24 other | grep -ciE 'overlap'
                    n create -d nonsense other | grep -o 'nonsense'
                    n create --subnet 300.1.0.0/16 other | wc -l
                    n rm host | grep -o 'is a pre-defined network and cannot be removed'
                    n rm missing net9; n rm -f missing net10
                    n prune -f
                    n ls --format '{{.Name}}'
                    """
            )
            #expect(
                transcript == """
                    1
                    1
                    1
                    back bridge local false false tier=db
                    bridge bridge local false false 
                    host host local false false 
                    net9 bridge local false true 
                    net10 bridge local true false 
                    none null local false false 
                    1
                    net9
                    net10
                    NETWORK ID NAME DRIVER SCOPE
                    6e6f6e650000 none null local
                    bridge
                    host
                    none
                    back bridge local db false map[]
                    10.77.0.0/16 10.77.5.0/24 10.77.0.1 map[r:10.77.5.1]
                    true fd77::/64
                    []
                    network missing not found
                    network with name back already exists
                    1
                    nonsense
                    1
                    is a pre-defined network and cannot be removed
                    network missing not found
                    net9
                    net10
                    Deleted Networks:
                    back

                    bridge
                    host
                    none

                    """
            )
        }
    }

    @Test(arguments: clients) func `are made of configurations`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    n create --config-only --subnet 10.78.0.0/24 -o com.docker.network.driver.mtu=1300 plan | wc -l
                    n create --config-from plan --label a=b front | grep -o 'user specified configurations are not supported'
                    n create --config-from plan front | wc -l
                    n ls -f type=custom --format '{{.Name}} {{.Driver}}'
                    n inspect -f '{{.ConfigOnly}} {{.ConfigFrom.Network}}' plan front
                    n inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}} {{.Options}}' front
                    c run --rm --network plan busybox true | grep -c 'plan'
                    n rm plan | grep -o 'in use'
                    n rm front; n rm plan
                    """
            )
            #expect(
                transcript == """
                    1
                    user specified configurations are not supported
                    1
                    front bridge
                    plan null
                    true 
                    false plan
                    10.78.0.0/24 map[com.docker.network.driver.mtu:1300]
                    1
                    in use
                    front
                    plan

                    """
            )
        }
    }

    @Test(arguments: clients) func `have containers find each other by their names`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    n create back > id; n create --subnet 10.77.0.0/24 front > id
                    serve web --network back --network-alias www --network-alias pages
                    serve other --network front --ip 10.77.0.9
                    for name in web www pages $(c ps -q -f name=web); do
                        c run --rm --network back busybox wget -qO- http://$name/
                    done
                    c run --rm --network front busybox wget -qO- http://web/ | head -1
                    c run --rm --network front --add-host far:10.77.0.9 busybox wget -qO- http://far/
                    c run --rm --network back --network front busybox sh -c 'wget -qO- http://web/; wget -qO- http://other/'
                    c run --rm --network name=front,alias=x,ip=10.77.0.20 busybox sh -c 'ip -o -4 addr show eth0' | grep -o 10.77.0.20/24
                    c inspect -f '{{range $name, $network := .NetworkSettings.Networks}}{{$name}} {{$network.IPAddress}} {{$network.Gateway}}{{end}}' other
                    n inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' front
                    c ps --filter network=front --format '{{.Names}} {{.Networks}}'
                    n rm front | grep -o 'has active endpoints'
                    c run --rm --network missing busybox true | grep -o 'network missing not found'
                    """
            )
            #expect(
                transcript == """
                    web
                    web
                    web
                    web
                    wget: bad address 'web'
                    other
                    web
                    other
                    10.77.0.20/24
                    front 10.77.0.9 10.77.0.1
                    other 10.77.0.9/24
                    other front
                    has active endpoints
                    network missing not found

                    """
            )
        }
    }

    @Test(arguments: clients) func `are joined and left while containers run`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    n create back > id; n create --subnet 10.77.0.0/24 front > id
                    serve web --network back; c run -d --name client --network front busybox sleep 1000 > id
                    c exec client wget -qO- http://web/
                    n connect --alias www --ip 10.77.0.9 front web
                    c exec client wget -qO- http://web/; c exec client wget -qO- http://www/
                    c exec web ip -o -4 addr show | grep -o 10.77.0.9/24
                    n connect front web | grep -o 'already exists in network'
                    c restart -t 0 web; c exec web ip -o -4 addr show | grep -o 10.77.0.9/24
                    n disconnect front web
                    c exec client wget -qO- http://www/
                    c exec web ip -o -4 addr show | grep -c 10.77.0.9/24
                    n disconnect front web | grep -o 'is not connected to network front'
                    c stop -t 0 web; n connect front web; c start web
                    c inspect -f '{{range $name, $network := .NetworkSettings.Networks}}{{$name}} {{end}}' web
                    c rm -f client web; n rm back front
                    """
            )
            #expect(
                transcript == """
                    wget: bad address 'web'
                    web
                    web
                    10.77.0.9/24
                    already exists in network
                    web
                    10.77.0.9/24
                    wget: bad address 'www'
                    0
                    is not connected to network front
                    web
                    web
                    back front 
                    client
                    web
                    back
                    front

                    """
            )
        }
    }

    @Test(arguments: clients) func `have ports that this machine publishes`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    serve web -p 127.0.0.1:8080:80 -p 127.0.0.1:9000-9002:9000-9002/udp -p '[::1]:8081:80' --expose 70
                    get http://127.0.0.1:8080/
                    c port web; c port web 80; c port web 70 | grep -ciE "no public port '70"
                    c ps --format '{{.Ports}}'
                    serve any -p 127.0.0.1::80; get http://$(c port any 80)/
                    serve all -P --expose 80; get http://127.0.0.1:$(c port all 80 | head -1 | sed 's/.*://')/
                    c ps -a --filter publish=80 --format '{{.Names}}'; c ps -a --filter publish=8080-8090 --format '{{.Names}}'
                    c ps --filter publish=9001/udp --format '{{.Names}}'; c ps -a --filter expose=70/tcp --format '{{.Names}}'
                    c ps --filter publish=8080 --filter expose=80 --format '{{.Names}}' | sort
                    c run -d --name late -p 127.0.0.1:8080:80 busybox sleep 1000 | grep -oE '127.0.0.1:8080 failed: port is already allocated'
                    c rm -f web > id; get http://127.0.0.1:8080/ | grep -o 'Connection refused'
                    c start late; c port late
                    """
            )
            #expect(
                transcript == """
                    web
                    80/tcp -> 127.0.0.1:8080
                    80/tcp -> [::1]:8081
                    9000/udp -> 127.0.0.1:9000
                    9001/udp -> 127.0.0.1:9001
                    9002/udp -> 127.0.0.1:9002
                    127.0.0.1:8080
                    [::1]:8081
                    1
                    70/tcp, 127.0.0.1:9000-9002->9000-9002/udp, 127.0.0.1:8080->80/tcp, [::1]:8081->80/tcp
                    any
                    all
                    web
                    web
                    web
                    all
                    any
                    web
                    127.0.0.1:8080 failed: port is already allocated
                    Connection refused
                    late
                    80/tcp -> 127.0.0.1:8080

                    """
            )
        }
    }

    @Test(arguments: clients) func `tell containers where names are looked up`(client: String) async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                Self.words(client) + """
                    n create back > id
                    r() { c run --rm "$@"; }
                    r --network back --dns-search a.example --dns-option ndots:2 busybox grep -vE '^(#|$)' /etc/resolv.conf | sort
                    r --network back --dns 192.0.2.1 --dns-search . busybox grep -c '^search' /etc/resolv.conf
                    r --network back --hostname me --domainname a.example --add-host far:192.0.2.7 --add-host near=host-gateway busybox sh -c 'cat /etc/hosts; ip route' > out
                    grep -c 'far' out; grep -c "^192.0.2.7.far$" out; grep -cE '[[:space:]]me.a.example me$' out
                    test "$(sed -nE 's/^default via ([^ ]+).*/\\1/p' out)" = "$(sed -nE 's/^(.*)[[:space:]]near$/\\1/p' out)"; echo $?
                    """
            )
            #expect(
                transcript == """
                    nameserver 127.0.0.11
                    options ndots:2
                    search a.example
                    0
                    1
                    1
                    1
                    0

                    """
            )
        }
    }

    @Test func `are completed by their names`() async throws {
        try await Installation.with { host in
            let transcript = try await host.transcript(
                """
                complete() { wharf --complete-words "$@" | tail -n +2 | xargs; }
                wharf network create back > id; wharf network create front > id
                complete network rm ''; complete network inspect b; complete container run --network ''
                complete network connect back ''; wharf container create --name web busybox true > id
                complete network connect back ''
                """
            )
            #expect(
                transcript == """
                    back front
                    back bridge
                    back bridge front host none

                    web

                    """
            )
        }
    }

    @Test(arguments: clients) func `tell what happens to them`(client: String) async throws {
        try await Installation.with { host in
            let events = client == "docker" ? "docker events" : "wharf engine events"
            let transcript = try await host.transcript(
                Self.words(client) + """
                    n create back > id; n create front > id
                    c run -d --name web --network back busybox sleep 1000 > id
                    n connect front web; n disconnect front web; c rm -f web > id; n rm back > id; n rm front > id
                    \(events) --since 10m --until $(($(date +%s) + 1)) --filter type=network --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}'
                    """
            )
            #expect(
                transcript == """
                    network create back bridge
                    network create front bridge
                    network connect back bridge
                    network connect front bridge
                    network disconnect front bridge
                    network disconnect back bridge
                    network destroy back bridge
                    network destroy front bridge

                    """
            )
        }
    }
}
