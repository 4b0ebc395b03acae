#!/bin/sh
# Installs torch into an environment: install_torch.sh .venv, called by the Makefile and the container file.
#
# torch has a build for each kind of machine, and the one that a plain `pip install torch` takes on Linux brings gigabytes of
# CUDA. So uv chooses, which knows where the builds are and looks for a GPU: the build that fits it, or else the one for
# processors. Where those builds cannot be reached (a hospital with a mirror of its own), pip takes what its index has.
#
#   TORCH           what is installed, such as torch==2.13.0
#   TORCH_BACKEND   auto keeps a torch that is there; cpu, cu130, rocm7.1, ... put that build in its place
set -eu
python=$1/bin/python
uv=$1/bin/uv
torch=${TORCH:-torch==2.13.0}
backend=${TORCH_BACKEND:-auto}

choose() {
    "$uv" pip install --quiet --system-certs --no-cache --python "$python" \
        --torch-backend="$backend" --reinstall-package torch "$torch" "$@"
}

tell() {
    "$python" -c 'import sys; from importlib.metadata import version; print("torch", version("torch"), *sys.argv[1:])' "$@"
}

# As pyproject.toml asks for: 2.13 or newer, below 3.
fits='from importlib.metadata import version; v = version("torch").split("."); raise SystemExit(v[0] != "2" or int(v[1]) < 13)'
if [ "$backend" = auto ] && "$python" -c "$fits" 2>/dev/null; then
    tell is there and stays
    exit
fi

if [ "$backend" != auto ]; then
    if ! choose; then
        echo "torch: no build \"$backend\" of $torch could be installed; what was there is unchanged" >&2
        exit 1
    fi
# Asked first without patience, so that a machine that cannot reach the builds waits seconds; the download itself has patience.
elif UV_HTTP_RETRIES=0 UV_HTTP_CONNECT_TIMEOUT=5 UV_HTTP_TIMEOUT=10 choose --dry-run 2>/dev/null; then
    choose
else
    echo "torch: the builds among which uv would choose cannot be reached, so pip takes the one of its own index" \
        "(for Linux often gigabytes of CUDA; README.md says how to bring another)"
    "$python" -m pip install --quiet --no-compile "$torch"
fi
tell is installed
