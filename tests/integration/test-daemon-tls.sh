#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The daemon's door with a certificate: TLS and nothing else, what a browser is told, a new certificate by reload, what is refused.
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin
command -v openssl >/dev/null || { echo '1..0 # SKIP there is no openssl'; exit 0; }

make_certificate () { # make_certificate DAYS: of its own authority
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$tls/key.new" -out "$tls/cert.new" -days "$1" \
    -subj /CN=royal -addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1 || return 1
  mv "$tls/key.new" "$tls/key.pem" && mv "$tls/cert.new" "$tls/cert.pem"
  chmod 640 "$tls/key.pem" && chown -R "$(stat -c %U "$host_dir/manifests")" "$tls"
  if [ "$(id -u)" = 0 ]; then chgrp -R "$(id -gn nobody)" "$tls"; fi
}
shown () { openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -noout -serial; }
made () { openssl x509 -noout -serial -in "$tls/cert.pem"; }
secure () { curl -s --max-time 10 --cacert "$tls/cert.pem" "$@"; }

tls=$host_dir/tls
mkdir "$tls"
make_certificate 90; ok $? 'there is a certificate'
options=(--tls-certificate="$tls/cert.pem" --tls-key="$tls/key.pem")
host_start -- --listen=127.0.0.1:0 "${options[@]}"; ok $? 'a host serves with it'
port=$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log")
url=https://127.0.0.1:$port

is 'it answers over TLS' 200 "$(secure -o /dev/null -w '%{http_code}' "$url/healthz")"
is 'one connection serves many requests' '200 200 200 1' "$(secure -o /dev/null -o /dev/null -o /dev/null \
  -w '%{http_code} ' "$url/healthz" "$url/api/v1/openapi.json" "$url/healthz" | tr -d '\n')$(
  secure -o /dev/null -o /dev/null -w '%{num_connects}' "$url/healthz" "$url/healthz" | tr -d 0)"
cmp -s <(secure "$url/api/v1/openapi.json") <(curl -s --unix-socket "$ROYAL_SOCKET" http://royal/api/v1/openapi.json)
ok $? 'a long answer comes whole'
secure -D "$host_dir/headers" -o /dev/null "$url/healthz"
grep -qi '^strict-transport-security: max-age=31536000' "$host_dir/headers"; ok $? 'browsers are told to come so again'
curl -s -D "$host_dir/headers" -o /dev/null --unix-socket "$ROYAL_SOCKET" http://royal/healthz
runs 1 'not over the Unix socket' grep -qi '^strict-transport' "$host_dir/headers"
first=$(ctl user add tina --roles viewer 2>/dev/null); ok $? 'there is a user'
secure -D "$host_dir/headers" -o /dev/null -H 'Content-Type: application/json' -d "{\"user\":\"tina\",\"password\":\"$first\"}" "$url/api/v1/auth/login"
grep -qi '^set-cookie: .*; Secure' "$host_dir/headers"; ok $? 'the session is for TLS alone' "$(cat "$host_dir/headers")"
{ printf 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'; sleep 0.3; } | timeout 5 openssl s_client -quiet -connect "127.0.0.1:$port" 2>/dev/null | grep -q '200 OK'
ok $? 'openssl is served too'

is 'plain HTTP is none' 000 "$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/healthz")"
runs 35 'nor is TLS 1.1' secure --tls-max 1.1 -o /dev/null "$url/healthz"
for _ in $(seq 40); do (exec 3<>"/dev/tcp/127.0.0.1/$port"; sleep 4) & done
for _ in $(seq 10); do (exec 3<>"/dev/tcp/127.0.0.1/$port"; printf '\26\3\1\2\0\1\0\1\374\3\3' >&3; sleep 4) & done
sleep 0.5
is 'those who say nothing, or half of it, keep nobody waiting' 200 "$(secure -o /dev/null -w '%{http_code}' "$url/healthz")"

before=$(shown)
make_certificate 90
is 'what is served does not follow the file by itself' "$before" "$(shown)"
runs 0 'a reload' ctl reload
is 'brings the new one' "$(made)" "$(shown)"
is 'to new connections' 200 "$(secure -o /dev/null -w '%{http_code}' "$url/healthz")"
echo nonsense >"$tls/cert.pem"
before=$(shown)
runs 1 'a broken one is refused' ctl reload
says 'by its name' "$tls/cert.pem"
is 'and the one before serves on' "$before" "$(shown)"
host_stop; ok $? 'the host stops'

make_certificate 90
refused () { # refused NAME TEXT OPTION…
  local name=$1 text=$2; shift 2
  runs 1 "$name" "$host_bin/royald" --check --data-dir="$host_dir/data" --plugins="$host_plugins" --manifests="$host_dir/manifests" \
    --worker="$host_worker" "$@"
  says "$name: said so" "$text"
}
refused 'a certificate without a key' 'tls-certificate: expected with tls-key' --tls-certificate="$tls/cert.pem"
refused 'a key without a certificate' 'tls-key: expected with tls-certificate' --tls-key="$tls/key.pem"
chmod 644 "$tls/key.pem"
refused 'a key that all may read' "tls-key: $tls/key.pem: others may read it" "${options[@]}"
chmod 640 "$tls/key.pem"
refused 'a proxy that is no address' 'trusted-proxies: expected ADDRESS or ADDRESS/BITS, found `proxy.example`' --trusted-proxies=10.0.0.0/8,proxy.example
finish
