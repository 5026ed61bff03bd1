#!/usr/bin/env bash
# The lab's data plane beside nginx as a proxy: the same backend, the same load, in turns. Prints requests per second and
# their ratio. Needs nginx, wrk and curl, and a release build.
#
#   benches/proxy.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5} seconds=${2:-3}
binary=${SWINGBRIDGE:-target/release/swingbridge}
scratch=$(mktemp -d)
export XDG_STATE_HOME=$scratch
lab= proxy=
end() {
    [ -z "$proxy" ] || kill "$proxy" 2>/dev/null || true
    [ -z "$lab" ] || kill "$lab" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$scratch"
}
trap end EXIT

# The backend is an instance of the lab whose user data is nginx.
cat >"$scratch/estate.toml" <<ESTATE
name = "benchmark"
[[launch_templates]]
name = "nginx"
[[launch_templates.versions]]
image = "nginx"
user_data = '''
#!/bin/sh
echo "\$LAB_ADDRESS:\$LAB_PORT" > $scratch/backend
cat > nginx.conf <<CONF
worker_processes 1; daemon off; pid nginx.pid; error_log stderr;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000;
  server { listen \$LAB_ADDRESS:\$LAB_PORT backlog=4096; location / { return 200 "hello, world"; } } }
CONF
exec nginx -p . -c nginx.conf
'''
[[target_groups]]
name = "tg-1"
port = 8080
health_path = "/"
[[load_balancers]]
name = "alb"
[[load_balancers.listeners]]
port = 80
default = { forward = "tg-1" }
[[groups]]
name = "asg-1"
template = "nginx"
version = "1"
min = 1
max = 1
desired = 1
target_groups = ["tg-1"]
ESTATE
"$binary" lab up --port 0 --speed 10 --config "$scratch/estate.toml" >"$scratch/lab" 2>&1 &
lab=$!
address=
for _ in $(seq 200); do
    address=$("$binary" lab status --format json 2>/dev/null |
        sed -n 's/.*"url": "http:\/\/\([^"\/]*\).*/\1/p' | head -1) || true
    if [ -n "$address" ] && [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$address/")" = 200 ]; then break; fi
    sleep 0.1
done
cat >"$scratch/proxy.conf" <<CONF
worker_processes 2; daemon off; pid $scratch/proxy.pid; error_log $scratch/proxy.log;
events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000;
  upstream backend { server $(cat "$scratch/backend"); keepalive 512; keepalive_requests 100000000; }
  server { listen 127.0.0.1:18182 backlog=4096; location / { proxy_pass http://backend; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_set_header Host \$host; proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for; } } }
CONF
nginx -p "$scratch" -c "$scratch/proxy.conf" &
proxy=$!
sleep 0.5

rate() {
    wrk -t1 -c"$2" -d"${seconds}s" "http://$1/" | awk '/^Requests\/sec/ { print $2 } /Non-2xx|Socket errors/ { print > "/dev/stderr" }'
}
median() {
    sort -n | awk '{ all[NR] = $1 } END { print (NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2) }'
}
for connections in 1 32 128; do
    : >"$scratch/lab.rates"
    : >"$scratch/nginx.rates"
    for _ in $(seq "$rounds"); do
        rate 127.0.0.1:18182 "$connections" >>"$scratch/nginx.rates"
        rate "$address" "$connections" >>"$scratch/lab.rates"
    done
    ours=$(median <"$scratch/lab.rates") theirs=$(median <"$scratch/nginx.rates")
    awk -v c="$connections" -v o="$ours" -v t="$theirs" \
        'BEGIN { printf "%4d connections: lab %7.0f/s, nginx %7.0f/s, ratio %.2f\n", c, o, t, o / t }'
done
echo "memory of the lab: $(awk '/VmRSS/ { print int($2 / 1024) " MB" }' "/proc/$lab/status")"
