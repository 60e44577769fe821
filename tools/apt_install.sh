#!/bin/sh
# Usage: apt_install.sh LIST...
# Installs the Debian packages named in the lists that are not installed yet.
#
# A package may want to start its service. While this runs, policy-rc.d forbids that,
# so that a developer's machine does not suddenly serve mail. Nothing is ever removed.
set -eu

POLICY=/usr/sbin/policy-rc.d

wanted() {
    sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$@" | sort -u
}

missing() {
    wanted "$@" | while read -r package; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || echo "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

forbids_services() {
    [ -x "$POLICY" ] || return 1
    answer=0
    "$POLICY" posture-probe start >/dev/null 2>&1 || answer=$?
    [ "$answer" -eq 101 ]
}

restore_policy() {
    as_root rm -f "$POLICY"
    if [ -e "$POLICY.posture-saved" ]; then as_root mv "$POLICY.posture-saved" "$POLICY"; fi
}

forbid_services() {
    if forbids_services; then return; fi
    if [ -e "$POLICY" ]; then as_root mv "$POLICY" "$POLICY.posture-saved"; fi
    trap restore_policy EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 0755 "$POLICY"
}

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    echo "No apt here. Please install what these packages hold by other means:" >&2
    wanted "$@" | sed 's/^/    /' >&2
    exit 0
fi

packages=$(missing "$@")
[ -n "$packages" ] || exit 0
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
    echo "Neither root nor sudo. Please have these packages installed, then try again:" >&2
    echo "$packages" | sed 's/^/    /' >&2
    exit 1
fi

echo "Installing" $packages
forbid_services
as_root apt-get -qq update
# Left unasked, Postfix would set itself up as an internet site; the lab brings its own configuration.
if echo "$packages" | grep -qx postfix; then
    echo "postfix postfix/main_mailer_type select No configuration" | as_root debconf-set-selections
fi
# shellcheck disable=SC2086  # one word per package
as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install \
    --no-install-recommends --no-remove -y $packages >/dev/null
