#!/bin/sh
# Checks that everything that pip cannot install is there. Prints the Python to use. If something is
# missing, names its Debian package and exits with status 2.

missing() {
    echo "$1 is missing; on Debian: apt install $2" >&2
    exit 2
}

for name in python3 python3.13 python3.12 python3.11; do
    if command -v $name >/dev/null &&
        $name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; then
        python=$(command -v $name)
        break
    fi
done
[ "$python" ] || missing "Python 3.11, 3.12 or 3.13" python3
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing "Python's venv module" python3-venv

# cocotb loads Python into the simulator as a shared library.
"$python" - 2>/dev/null <<'END' || missing "Python's shared library" libpython3-dev
import ctypes, os, sysconfig
library = sysconfig.get_config_var("INSTSONAME")
try:
    ctypes.CDLL(library)
except OSError:
    ctypes.CDLL(os.path.join(sysconfig.get_config_var("LIBDIR"), library))
END

command -v c++ >/dev/null || missing "A C++ compiler" g++
command -v make >/dev/null || missing make make
command -v perl >/dev/null || missing perl perl
echo "$python"
