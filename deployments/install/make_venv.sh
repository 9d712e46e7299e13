#!/bin/sh
# Create the virtual environment FOLDER with a Python that all locked packages support: make_venv.sh FOLDER [PYTHON]
# Without PYTHON, the first fitting interpreter on the PATH is taken.
set -eu
folder=$1
python=${2:-}

refuse() {
    echo "$1" >&2
    exit 1
}

# The output of a pyenv shim for a version that is switched off is no version: what cannot run does not count.
version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

judge() {
    case "$(version_of "$1")" in
    3.11 | 3.12 | 3.13) echo fits ;;
    '') echo "cannot be run" ;;
    3.[0-9] | 3.10 | 2.*) echo "is Python $(version_of "$1"), which is too old" ;;
    *) echo "is Python $(version_of "$1"), which is too new: wordllama, the local embedding model, has no wheel for it" ;;
    esac
}

if [ -z "$python" ]; then
    for name in python3.11 python3.12 python3.13 python3 python; do
        if [ "$(judge "$name")" = fits ]; then
            python=$name
            break
        fi
    done
    [ -n "$python" ] || refuse "No Python 3.11, 3.12 or 3.13 is on the PATH (python3 $(judge python3)).
Install one, or give the path of one: make install PYTHON=/path/to/python3.13"
fi

[ "$(judge "$python")" = fits ] || refuse "$python $(judge "$python").
Use Python 3.11, 3.12 or 3.13: make install PYTHON=/path/to/python3.13"

if [ -x "$folder/bin/python" ]; then
    [ "$(version_of "$folder/bin/python")" = "$(version_of "$python")" ] || refuse \
        "$folder was made with Python $(version_of "$folder/bin/python"), and PYTHON=$python is $(version_of "$python").
Remove $folder to change it (rm -r $folder), or leave PYTHON out to keep it."
    exit 0
fi

# A folder that is half made would pass for a finished one.
"$python" -m venv "$folder" || {
    rm -rf "$folder"
    refuse "$python could not create $folder. On Debian and Ubuntu the package python3-venv is needed: apt-get install python3-venv"
}
