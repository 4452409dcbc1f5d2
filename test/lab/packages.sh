#!/usr/bin/env bash
# packages.sh [COMMAND...]: sees to it that this machine has what the lab needs from Debian; without arguments, all of it.
# As root on a machine with apt-get it installs what is missing; otherwise it says what is missing and fails.
set -euo pipefail
declare -A PACKAGE=([systemd-nspawn]=systemd-container [debootstrap]=debootstrap [busybox]=busybox-static [buildah]=buildah
  [ip]=iproute2 [iptables]=iptables [cc]=build-essential [nsenter]=util-linux [openssl]=openssl [pgrep]=procps [python3]=python3
  [chromium]=chromium [pdftoppm]=poppler-utils)
# A browser is not of the lab: only `npm run test:browser` asks for it.
commands=("$@"); [ $# -gt 0 ] || { unset "PACKAGE[chromium]" "PACKAGE[pdftoppm]"; commands=("${!PACKAGE[@]}"); }
PATH="$PATH:/usr/sbin:/sbin"
missing=(); for c in "${commands[@]}"; do command -v "$c" >/dev/null || missing+=("${PACKAGE[$c]:-$c}"); done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$(id -u)" = 0 ] || { echo "lab: Debian packages are missing, and only root can install them: ${missing[*]}" >&2; exit 1; }
command -v apt-get >/dev/null || { echo "lab: packages are missing, and there is no apt-get here: ${missing[*]}" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive
# Another apt may be at work: wait for its lock.
APT=(apt-get -qq -o DPkg::Lock::Timeout=300)
"${APT[@]}" update >&2 && "${APT[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
  { echo "lab: apt-get could not install: ${missing[*]}" >&2; exit 1; }
