// SPDX-License-Identifier: Apache-2.0

import Linux
import TestSupport
import Testing

/// Real servers, of Debian packages, that talk with each other and with this machine.
@Suite struct `Servers in containers` {
    /// Two networks with three tiers: `web`, an nginx, is on both; `app`, `db` and `cache` are on the one behind it.
    private static let words = """
        n() { wharf network "$@"; }
        get() { timeout 120 /bin/busybox wget -qO- "$1" 2>&1; }
        # Waits until a container has said something.
        said() {
            local line pid
            exec 6< <(exec wharf container logs -f $1 2>&1); pid=$!
            while IFS= read -r line <&6; do case $line in *"$2"*) break; esac; done
            exec 6<&-; kill $pid 2> /dev/null || true
        }
        # Sends a datagram to an address and a port, and prints the one that comes back.
        udp() {
            exec 7<> /dev/udp/$1/$2; printf %s "$3" >&7
            timeout 120 dd bs=9000 count=1 <&7 2> /dev/null; exec 7>&-; echo
        }
        database() {
            local name=$1; shift
            c run -d --name $name --network back --network-alias sql --user postgres -v rows:/var/lib/postgresql --stop-signal INT "$@" servers sh -c '
                cd /var/lib/postgresql; [ -e db ] || initdb --no-sync -A trust db > /tmp/log
                echo "host all all all trust" >> db/pg_hba.conf
                exec postgres -D db -c listen_addresses=* -c unix_socket_directories=/tmp -c shared_buffers=16MB \\
                    -c jit=off -c fsync=off
            ' > id
            said $name 'database system is ready'
        }
        # Says something to the database by a program in a container.
        sql() { c exec $1 psql -XAtq -U postgres -d postgres -h sql -c "$2"; }

        """

    private static let nginx = """
        daemon off; error_log stderr notice; pid /tmp/nginx.pid;
        events {}
        http {
            access_log off; resolver 127.0.0.11 valid=1s;
            server {
                listen 80; listen [::]:80;
                location = /self { return 200 "web\\n"; }
                location / { set $upstream http://app:8080; proxy_pass $upstream; }
            }
        }
        """

    /// Counts in Redis and in PostgreSQL, and tells both counts.
    private static let application = """
        #!/bin/sh
        printf 'Content-Type: text/plain\\r\\n\\r\\n'
        hits=$(redis-cli -h cache incr hits)
        rows=$(psql -XAtq -U postgres -d postgres -h sql -c "insert into hits values ($hits); select count(*) from hits")
        echo "hits $hits, rows $rows"
        """

    private static func withServers(_ body: @Sendable (Installation) async throws -> Void) async throws {
        let image = try await serverImage.value
        try await Installation.with { host in
            try host.scratch.write("nginx.conf", bytes: Array(nginx.utf8))
            try host.scratch.write("app", bytes: Array(application.utf8))
            // The machine's address, and another machine that knows no way to networks of containers.
            try await host.succeed(
                """
                chmod 755 app; wharf image load -q -i \(image)
                c run -d --name world --network none busybox sh -c 'echo world > /tmp/index.html; httpd -h /tmp; echo listens; exec sleep 1000' > id
                pid=$(c inspect -f '{{.State.Pid}}' world)
                ip link add uplink type veth peer name peer netns $pid
                ip addr add 192.0.2.10/24 dev uplink; ip link set uplink up
                nsenter --net=/proc/$pid/ns/net sh -c 'ip addr add 192.0.2.1/24 dev peer; ip link set peer up'
                """
            )
            try await body(host)
        }
    }

    @Test func `work together by their names`() async throws {
        try await Self.withServers { host in
            let begin = """
                n create front > id; n create back > id
                database db -p 127.0.0.1:15432:5432
                c run -d --name cache --network back servers redis-server --bind '*' --protected-mode no --save '' > id
                c run -d --name app --network back -v $PWD/app:/srv/cgi-bin/app:ro servers \\
                    sh -c 'busybox httpd -p 8080 -h /srv; echo listens; exec sleep 1000' > id
                c run -d --name web --network front --network back -p 8080:80 -v $PWD/nginx.conf:/etc/nginx/nginx.conf:ro \\
                    servers nginx > id
                c run -d --name client --network front servers sleep 1000 > id
                said cache 'Ready to accept'; said app listens; said web 'start worker process'
                sql app 'create table hits (number int)'

                """
            let transcript = try await host.transcript(
                Self.words + begin + """
                    echo '# from this machine'
                    get http://127.0.0.1:8080/self; get 'http://[::1]:8080/self'; get http://192.0.2.10:8080/self
                    get http://127.0.0.1:8080/cgi-bin/app; get 'http://[::1]:8080/cgi-bin/app'
                    get http://192.0.2.10:8080/cgi-bin/app
                    c run --rm --network host servers psql -XAtq -U postgres -d postgres -h 127.0.0.1 -p 15432 -c 'select count(*) from hits'
                    echo '# from another machine'
                    c exec world wget -qO- http://192.0.2.10:8080/self
                    echo '# between containers'
                    c exec client busybox wget -qO- http://web/cgi-bin/app
                    c exec web redis-cli -h cache get hits; c exec app redis-cli -h cache ping
                    sql web 'select max(number) from hits'
                    c exec db redis-cli -h cache ping
                    echo '# not from the other network'
                    c exec client redis-cli -h cache ping 2>&1 | grep -o 'not known\\|Temporary failure'
                    address=$(c inspect -f '{{.NetworkSettings.Networks.back.IPAddress}}' cache)
                    c exec client timeout 1 bash -c "exec 3<> /dev/tcp/$address/6379" 2> /dev/null || echo refused
                    echo '# by this machine, to another and to itself'
                    c exec client busybox wget -qO- http://192.0.2.10:8080/self
                    c exec web busybox wget -qO- http://192.0.2.10:8080/self
                    c exec client busybox wget -qO- http://192.0.2.1/
                    echo '# with the rows of a database before it'
                    c stop db; c rm db
                    database new
                    sql app 'select count(*), max(number) from hits'
                    get http://127.0.0.1:8080/cgi-bin/app
                    """
            )
            #expect(
                transcript == """
                    # from this machine
                    web
                    web
                    web
                    hits 1, rows 1
                    hits 2, rows 2
                    hits 3, rows 3
                    3
                    # from another machine
                    web
                    # between containers
                    hits 4, rows 4
                    4
                    PONG
                    4
                    PONG
                    # not from the other network
                    not known
                    refused
                    # by this machine, to another and to itself
                    web
                    web
                    world
                    # with the rows of a database before it
                    db
                    db
                    4|4
                    hits 5, rows 5

                    """
            )
        }
    }

    @Test func `are reached by every kind of address`() async throws {
        try await Self.withServers { host in
            let begin = #"""
                n create --ipv6 --subnet fd77::/64 six > id; n create --internal inside > id
                # Answers datagrams and connections, each with the port and what it got.
                cat > echo.pl <<'END'
                use IO::Socket::IP; $| = 1;
                my @ends = map { my $port = $_; map {
                    IO::Socket::IP->new(LocalHost => '::', LocalPort => $port, V6Only => 0, Proto => $_,
                        $_ eq 'tcp' ? (Listen => 8, ReuseAddr => 1) : ()) // die $@
                } qw(udp tcp) } @ARGV;
                for my $end (@ends) {
                    next if fork;
                    my $port = $end->sockport;
                    if ($end->sockopt(SO_TYPE) == SOCK_DGRAM) {
                        while (defined(my $peer = $end->recv(my $text, 9000))) { $end->send("$port $text", 0, $peer) }
                    }
                    while (my $client = $end->accept) { print $client "$port\n"; close $client }
                    exit;
                }
                print "listens\n"; 1 while wait > 0;
                END
                c run -d --name echo --network six -p 5300-5302:5300-5302/udp -p 127.0.0.1:5300-5302:5300-5302 \
                    -v $PWD/echo.pl:/echo.pl:ro servers perl /echo.pl 5300 5301 5302 > id
                c run -d --name inner --network inside servers sleep 1000 > id
                said echo listens
                tcp() { timeout 120 bash -c "cat < /dev/tcp/$1/$2"; }

                """#
            let transcript = try await host.transcript(
                Self.words + begin + #"""
                    echo '# datagrams'
                    for port in 5300 5301 5302; do udp 127.0.0.1 $port four; done
                    udp ::1 5301 six; udp 192.0.2.10 5302 own
                    c exec echo perl -MIO::Socket::IP -e '
                        $s = IO::Socket::IP->new(PeerHost => "192.0.2.10", PeerPort => 5300, Proto => "udp");
                        $s->send("back"); alarm 10; $s->recv($text, 9000); print "$text\n"'
                    echo '# a range of ports'
                    for port in 5300 5301 5302; do tcp 127.0.0.1 $port; done
                    echo '# addresses of version 6'
                    c run --rm --network six servers getent ahostsv6 echo | grep -c '^fd77::.*STREAM'
                    c run --rm --network six servers bash -c 'cat < /dev/tcp/$(getent ahostsv6 echo | sed "s/ .*//;q")/5301'
                    c run --rm --network six servers bash -c 'cat < /dev/tcp/$(getent ahostsv4 echo | sed "s/ .*//;q")/5302'
                    echo '# no way out'
                    c exec echo bash -c 'exec 3<> /dev/tcp/192.0.2.1/80' && echo out
                    c exec inner timeout 1 bash -c 'exec 3<> /dev/tcp/192.0.2.1/80' 2> /dev/null || echo refused
                    c run --rm --network inside servers getent ahostsv4 inner | grep -c STREAM
                    """#
            )
            #expect(
                transcript == """
                    # datagrams
                    5300 four
                    5301 four
                    5302 four
                    5301 six
                    5302 own
                    5300 back
                    # a range of ports
                    5300
                    5301
                    5302
                    # addresses of version 6
                    1
                    5301
                    5302
                    # no way out
                    out
                    refused
                    1

                    """
            )
        }
    }
}

/// The archive with the servers, in the user's cache; made once.
let serverImage = Task {
    try await BlockingCall.run {
        let outcome = try Command(Repository.root + "/Tests/Support/server-image").run()
        guard outcome.end == .exit(0) else { throw SystemFailure(message: outcome.errors) }
        return String(outcome.output.dropLast())
    }
}
