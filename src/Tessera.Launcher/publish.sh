#!/usr/bin/env bash
# Publishes the tool as one native file that runs on every x86-64 processor and as fast as each can: the tool compiled for three levels of
# processors, packed behind a launcher that unpacks the right one into memory. Needs the .NET SDK and gcc or clang; some minutes.
#   bash src/Tessera.Launcher/publish.sh [OUTPUT]        the file, ./tessera where left out
set -euo pipefail
output=$(realpath -m "${1:-tessera}")
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

publish() { # PROJECT FOLDER ARGUMENTS...
    dotnet publish "src/$1" -c Release -r linux-x64 -p:PublishAot=true -o "$work/$2" -nologo -v q "${@:3}"
}

# Names of methods for stack traces are a tenth of a build; processors of the oldest level get the smallest code.
images=()
for level in v2 v3 v4; do
    size=()
    [ "$level" = v2 ] && size=("-p:OptimizationPreference=Size")
    publish Tessera.Cli "$level" "-p:IlcInstructionSet=x86-64-$level" "-p:NativeIntermediateOutputPath=obj/native/$level/" -p:StackTraceSupport=false "${size[@]}"
    images+=("x86-64-$level=$work/$level/Tessera.Cli")
done
publish Tessera.Launcher launcher

once=()
for data in src/Tessera.Cli/Data/*.gz; do once+=("once=$data"); done
mkdir -p "$(dirname "$output")"
dotnet run --project src/Tessera.Launcher -c Release -- "$output" "$work/launcher/Tessera.Launcher" "${images[@]}" "${once[@]}"
ls -l "$output"
