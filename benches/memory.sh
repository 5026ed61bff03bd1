#!/usr/bin/env bash
# How much memory the lab takes for a large estate: 1,000 targets in 20 target groups, 100 rules, all checked for health.
# Instances are imagined, so that what is counted is the lab's own. Needs a release build.
#
#   benches/memory.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
binary=${SWINGBRIDGE:-target/release/swingbridge}
scratch=$(mktemp -d)
export XDG_STATE_HOME=$scratch
lab=
end() {
    [ -z "$lab" ] || kill "$lab" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$scratch"
}
trap end EXIT

{
    echo 'name = "large"'
    printf '[[launch_templates]]\nname = "app"\n[[launch_templates.versions]]\nimage = "app"\n'
    for group in $(seq 20); do
        printf '[[target_groups]]\nname = "tg-%d"\nport = 8080\nhealth_path = "/health"\n' "$group"
    done
    printf '[[load_balancers]]\nname = "alb"\n[[load_balancers.listeners]]\nport = 80\ndefault = { forward = "tg-1" }\n'
    for rule in $(seq 100); do
        printf '[[load_balancers.listeners.rules]]\npriority = %d\npath = ["/%d/*"]\nforward = "tg-%d"\n' \
            "$rule" "$rule" $((rule % 20 + 1))
    done
    for group in $(seq 20); do
        printf '[[groups]]\nname = "asg-%d"\ntemplate = "app"\nmin = 50\nmax = 50\ndesired = 50\ntarget_groups = ["tg-%d"]\n' \
            "$group" "$group"
    done
} >"$scratch/estate.toml"
"$binary" lab up --port 0 --speed 10 --imagined --config "$scratch/estate.toml" >"$scratch/lab" 2>&1 &
lab=$!
healthy() {
    "$binary" lab status --format json 2>/dev/null | grep -c '"health": "healthy"' || true
}
for _ in $(seq 600); do
    [ "$(healthy)" -lt 1000 ] || break
    sleep 0.2
done
echo "healthy targets: $(healthy)"
sleep "$seconds"
echo "memory of the lab: $(awk '/VmRSS/ { print int($2 / 1024) " MB" }' "/proc/$lab/status") after ${seconds} s at 10 times the speed"
