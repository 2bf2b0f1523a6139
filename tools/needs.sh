# Shared by setup and doctor: which system this is, what it lacks, and how to get it.
#
# Written for the bash 3.2 of macOS. Nothing here starts a process where a builtin will do: setup
# runs before every build. $OS_RELEASE, $PYTHON and the PATH can be set to try it as another system.

tools=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
os_release=${OS_RELEASE:-/etc/os-release}

# Prints debian, fedora, arch, brew or unknown.
system() {
    local id=unknown id_like= key value
    if [ -r "$os_release" ]; then
        while IFS='=' read -r key value; do
            value=${value#\"}
            case $key in
            ID) id=${value%\"} ;;
            ID_LIKE) id_like=${value%\"} ;;
            esac
        done <"$os_release"
    elif [ "$(uname -s)" = Darwin ]; then
        id=brew
    fi
    case " $id $id_like " in
    *" debian "* | *" ubuntu "*) echo debian ;;
    *" fedora "* | *" rhel "*) echo fedora ;;
    *" arch "*) echo arch ;;
    *" brew "*) echo brew ;;
    *) echo unknown ;;
    esac
}

# The Python with the system's modules; a python3 earlier on the PATH may lack them.
python() {
    if [ -n "${PYTHON:-}" ]; then
        echo "$PYTHON"
    elif [ -x /usr/bin/python3 ] && [ "$(uname -s)" != Darwin ]; then
        echo /usr/bin/python3
    else
        echo python3
    fi
}

# in_group GROUP WANTED: is GROUP part of WANTED?
in_group() {
    case $2 in
    build) [ "$1" = build ] ;;
    debug) [ "$1" = build ] || [ "$1" = debug ] ;;
    test) true ;;
    esac
}

# any TEST a|b|c: does one of them pass TEST?
any() {
    local test=$1 word IFS='|'
    for word in $2; do
        $test "$word" && return 0
    done
    return 1
}

is_command() { command -v "$1" >/dev/null 2>&1; }
is_file() { [ -e "${ROOT_DIRECTORY:-}$1" ]; }

# has NEED: is it there? (Python modules are asked for together, by missing_modules.)
has() {
    case $1 in
    cmd:*) any is_command "${1#cmd:}" ;;
    file:*) any is_file "${1#file:}" ;;
    toolchain) "$tools/toolchain" >/dev/null 2>&1 ;;
    esac
}

# missing_modules MODULE...: prints those Python does not find.
missing_modules() {
    [ $# = 0 ] && return
    "$(python)" -c 'import importlib.util, sys
print(*(name for name in sys.argv[1:] if not importlib.util.find_spec(name)))' "$@" 2>/dev/null ||
        echo "$*"
}

# missing SYSTEM GROUP: prints a line "need package" for all that is not there.
missing() {
    local system=$1 wanted=$2 need group debian fedora arch brew package
    local modules= packages= absent
    while read -r need group debian fedora arch brew; do
        case $need in '' | '#'*) continue ;; esac
        in_group "$group" "$wanted" || continue
        case $system in
        debian) package=$debian ;;
        fedora) package=$fedora ;;
        arch) package=$arch ;;
        brew) package=$brew ;;
        *) package=? ;;
        esac
        [ "$package" = - ] && continue
        case $need in
        py:*) modules="$modules ${need#py:}" packages="$packages $package" ;;
        *) has "$need" || echo "$need $package" ;;
        esac
    done <"$tools/packages"
    absent=" $(missing_modules $modules) "
    set -- $packages
    for need in $modules; do
        case $absent in *" $need "*) echo "py:$need $1" ;; esac
        shift
    done
}

# install_command SYSTEM PACKAGE...: prints what a person would type.
install_command() {
    local system=$1 package pips= rest=
    shift
    for package in "$@"; do
        case $package in
        pip:*) pips="$pips ${package#pip:}" ;;
        *) rest="$rest $package" ;;
        esac
    done
    case $system in
    debian) echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends$rest" ;;
    fedora) echo "sudo dnf install -y$rest" ;;
    arch) echo "sudo pacman -S --needed$rest" ;;
    brew)
        echo "${rest:+brew install$rest}${rest:+${pips:+ && }}${pips:+python3 -m pip install$pips}"
        ;;
    esac
}

# package_names SYSTEM: turns lines "need package" into package names, each once. Of a|b it takes
# the first that apt knows, or the last if it knows none (its lists are empty then).
package_names() {
    local system=$1 need alternatives one seen=' '
    while read -r need alternatives; do
        for one in ${alternatives//+/ }; do
            one=$(choose "$system" "$one")
            case $seen in *" $one "*) continue ;; esac
            seen="$seen$one "
            echo "$one"
        done
    done
}

choose() {
    local one IFS='|'
    for one in $2; do
        case $2 in *'|'*) ;; *) break ;; esac
        [ "$1" = debian ] && apt_knows "$one" && break
    done
    echo "$one"
}

apt_knows() {
    case $(apt-cache policy "$1" 2>/dev/null) in
    *'Candidate: (none)'* | '') return 1 ;;
    esac
}
