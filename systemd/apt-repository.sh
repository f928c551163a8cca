#!/usr/bin/env bash
# Makes an apt repository of the packages in a folder, signed with a key of gpg.
# Whatever serves the folder's files then serves the repository. Run it again
# after a package came or went.
#
#     systemd/apt-repository.sh FOLDER [KEY]
#
# KEY names a key as gpg knows it; without it gpg's default key signs. It needs
# Debian's apt-utils and gpg.
set -euo pipefail
export LC_ALL=C

(($# == 1 || $# == 2)) && [ -d "$1" ] || { echo "usage: systemd/apt-repository.sh FOLDER [KEY], where FOLDER holds the packages" >&2; exit 2; }
for program in apt-ftparchive gpg; do
  command -v $program >/dev/null || { echo "apt-repository: $program is missing: apt-get install apt-utils gpg" >&2; exit 1; }
done
cd "$1"
compgen -G '*.deb' >/dev/null || { echo "apt-repository: no package is in $1: copy those of cross-build.sh there" >&2; exit 1; }

# Made beside, so that an error leaves the old repository.
made=$(mktemp -d ./.making.XXXXXX)
trap 'rm -rf "$made"' EXIT
new=$made/new
mkdir "$new"

apt-ftparchive packages . >"$new/Packages"
gzip -9nk "$new/Packages"
apt-ftparchive -o APT::FTPArchive::Release::Origin=thermostat -o APT::FTPArchive::Release::Label=thermostat \
  -o APT::FTPArchive::Release::Suite=stable release "$new" >"$made/Release"
gpg --quiet --batch --yes ${2:+--local-user "$2"} --clearsign --output "$new/InRelease" "$made/Release"
# The public key, which users put into /etc/apt/keyrings.
signer=$(gpg --batch --status-fd 1 --verify "$new/InRelease" 2>/dev/null | sed -n 's/^\[GNUPG:\] VALIDSIG .* //p')
gpg --quiet --batch --armor --export "$signer" >"$new/thermostat.asc"

chmod 644 "$new"/*
mv "$new"/* .
echo "$(grep -c '^Package: ' Packages) packages, signed by $signer"
