#!/usr/bin/env bash
# Fuzzes one reader: fuzz/run.sh READER SECONDS. Needs afl-fuzz (Debian: afl++) on PATH; all else is put under artifacts/fuzz.
# Ends with 1 where an input crashed the reader or hung it; such inputs lie in artifacts/fuzz/out/READER/default/{crashes,hangs}.
# MILLISECONDS is what one input may take (1000; more on a machine that is busy with other work); MINIMISE=1 writes the smallest
# set of inputs that reaches the same places back to fuzz/corpus/READER.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# = 2 ] || { echo "usage: fuzz/run.sh READER SECONDS" >&2; exit 2; }
command -v afl-fuzz >/dev/null || { echo "afl-fuzz is needed on PATH; Debian has it as afl++" >&2; exit 2; }
reader=$1
place=artifacts/fuzz
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
export AFL_ALLOW_TMP=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_BIN_CHECK=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1

mkdir -p "$place/out"
[ -x "$place/tools/sharpfuzz" ] || dotnet tool install SharpFuzz.CommandLine --version 2.3.0 --tool-path "$place/tools"
if [ ! -e "$place/bin/instrumented" ] || [ -n "$(find src fuzz/Tessera.Fuzz -name '*.cs' -newer "$place/bin/instrumented" -print -quit)" ]; then
    dotnet build fuzz/Tessera.Fuzz -c Release -nologo -v q
    rm -rf "$place/bin"
    cp -r fuzz/Tessera.Fuzz/bin/Release/net10.0 "$place/bin"
    for library in Tessera Tessera.Onnx Tessera.Imaging; do "$place/tools/sharpfuzz" "$place/bin/$library.dll"; done
    touch "$place/bin/instrumented"
fi

program=("$(readlink -f "$(command -v dotnet)")" "$place/bin/Tessera.Fuzz.dll" fuzz "$reader")
rm -rf "$place/out/$reader"
afl-fuzz -i "fuzz/corpus/$reader" -o "$place/out/$reader" -t "${MILLISECONDS:-1000}" -m none -V "$2" -- "${program[@]}" >"$place/out/$reader.log"
if [ "${MINIMISE:-0}" = 1 ]; then
    rm -rf "$place/out/$reader/small"
    afl-cmin -i "$place/out/$reader/default/queue" -o "$place/out/$reader/small" -t "${MILLISECONDS:-1000}" -m none -- "${program[@]}" >>"$place/out/$reader.log"
    rm -rf "fuzz/corpus/$reader"
    mkdir -p "fuzz/corpus/$reader"
    # Named by content, so that the same input is the same file.
    for input in "$place/out/$reader/small"/*; do cp "$input" "fuzz/corpus/$reader/$(sha256sum "$input" | cut -c1-12)"; done
fi

grep -E '^(execs_done|corpus_count|edges_found|saved_crashes|saved_hangs) ' "$place/out/$reader/default/fuzzer_stats"
! grep -qE '^saved_(crashes|hangs) *: [1-9]' "$place/out/$reader/default/fuzzer_stats"
