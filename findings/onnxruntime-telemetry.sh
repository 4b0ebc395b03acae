#!/usr/bin/env bash
# One would guess: the Python package onnxruntime for Linux records nothing. Telemetry belonged to its builds for Windows, and there is
# `disable_telemetry_events()` for those who want to be sure.
#
# What happens: `import onnxruntime`, with no model and no session, makes an identifier of the machine and a database of events
# in the user's cache folder. `disable_telemetry_events()` comes too late, for it can only be called after the import. The
# variable ORT_DISABLE_TELEMETRY=1, set before the import, leaves the folder empty. Whether anything is sent was not seen here: that takes
# a machine with a way out. A hospital that forbids such records has to set the variable for every program that imports the package.
#
# Versions: onnxruntime 1.32.0, Linux x86-64. Seen on 2026-12-01.
# Source: what the package writes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet onnxruntime==1.32.0
written() { # folder, then Python code: the files that are there after it ran
    mkdir "$1"
    env HOME="$folder/$1" XDG_CACHE_HOME="$folder/$1" "${@:3}" env/bin/python -c "$2"
    (cd "$1" && find . -type f | sort)
}
echo "after the import:"; written plain "import onnxruntime" | tee plain.txt
echo "after disable_telemetry_events():"
written disabled "import onnxruntime; onnxruntime.disable_telemetry_events()" | tee disabled.txt
echo "with ORT_DISABLE_TELEMETRY=1:"; written variable "import onnxruntime" ORT_DISABLE_TELEMETRY=1 | tee variable.txt
for told in plain.txt disabled.txt; do
    grep -q deviceid "$told" && grep -q 'onnxruntime\.db$' "$told" || { echo "changed: $told"; exit 1; }
done
[ ! -s variable.txt ] || { echo "changed: variable.txt"; exit 1; }
echo "as described"
