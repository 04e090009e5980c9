#!/usr/bin/env bash
# How long a program takes as a whole process, from its call to its end: the median, least and most of 20 runs after one that is not counted.
#   bash bench/start.sh COMMAND [ARGUMENTS...]
set -euo pipefail
for _ in $(seq 21); do
    start=$(date +%s%N)
    "$@" > /dev/null
    end=$(date +%s%N)
    echo $(((end - start) / 1000))
done | tail -20 | sort -n | awk '{ t[NR] = $1 / 1000 } END { if (NR < 20) { print "the program failed: nothing was timed" > "/dev/stderr"; exit 1 } printf "median %.1f ms, least %.1f ms, most %.1f ms\n", (t[10] + t[11]) / 2, t[1], t[20] }'
