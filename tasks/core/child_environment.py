"""Environment variables for programs that need none of ours: PostgreSQL, Node.js, Chromium."""

from collections.abc import Mapping

_NAMES = {
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LANGUAGE", "TZ", "TZDIR", "TMPDIR", "TMP", "TEMP"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "VIRTUAL_ENV", "DO_NOT_TRACK"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS"),
}
_PREFIXES = ("LC_", "XDG_", "FONTCONFIG_", "PYTHON", "PLAYWRIGHT_", "MALLOC_")


def bare_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell a program about its machine: paths, languages, libraries; no secrets."""
    return {name: value for name, value in ours.items() if name in _NAMES or name.startswith(_PREFIXES)}
