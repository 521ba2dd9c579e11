#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Secrets from each source work, and are found nowhere else: canaries are planted, everything that uses them is done, well and
# badly, and then all that the host wrote, says and starts is searched for them, in every form.
set -uo pipefail
# shellcheck source=tests/integration/daemon.sh
. "${ROYAL_SRCDIR:?}/tests/integration/daemon.sh"
begin

# Where they are planted. Each webhook is signed with its own; the signatures of {"n":1} are another program's.
in_environment='c4nary/env&hook=1?'
in_file='c4nary/file&hook=2?'
in_credential='c4nary/cred&hook=3?'
in_store='c4nary/store&hook=4?'
by_environment=fb9899c290328f2c3659604d1bbbeb36b12718bc53d4ca61fe0ecb2f9cd8fece
by_file=09a335b2409045abb7144661f2e80a187b40a63be5d422ab1d71657fe14e32b2
by_credential=803975400e73f59125f07d79b615a13e7895bb4d3fbcdcdad9d0fe9ce7b27996
by_store=20a6cf4021a60e8e059d337c09bde10a9642f6e17a7b999261ebd9670b24a038
planted=$(mktemp -d) # not searched
chmod 755 "$planted"
# shellcheck disable=SC2317 # the trap calls it
leave () { host_env_remove; rm -rf "$planted"; }
mkdir "$planted/secrets" "$planted/credentials"
printf '%s\n' "$in_file" >"$planted/secrets/hook-file"
printf '%s' "$in_credential" >"$planted/credentials/hook-cred"
runs 0 'royalctl makes a key' ctl secret make-key
key=$out
printf '# the first key\n%s\n' "$key" >"$planted/credentials/secrets-key"
chmod 640 "$planted"/*/*
[ "$(id -u)" != 0 ] || chown -R nobody "$planted"

patterns () { # patterns TEXT…: a line for each form in which it might be found
  local text plain base shift
  for text; do
    printf '%s\n' "$text"
    printf '%s' "$text" | od -An -v -tx1 | tr -d ' \n'; echo
    printf '%s' "$text" | od -An -v -tx1 | tr -d ' \n' | tr a-f A-F; echo
    jq -rn --arg text "$text" '$text | @uri'
    jq -rn --arg text "$text" '$text | @json | .[1:-1]'
    # Wherever in a longer text it stands, these digits of base64 are its alone.
    for shift in 0 1 2; do
      plain=$(printf '%.*s' "$shift" xx)$text
      base=$(printf '%s' "$plain" | base64 -w0 | tr -d =)
      base=${base:$(( (shift * 8 + 5) / 6 ))}
      printf '%s\n' "${base:0:$(( ${#text} * 8 / 6 - 2 ))}"
    done
  done
}
patterns "$in_environment" "$in_file" "$in_credential" "$in_store" "$key" | sort -u >"$planted/patterns"
printf '%s' "$key" | base64 -d | od -An -v -tx1 | tr -d ' \n' >>"$planted/patterns"; echo >>"$planted/patterns"
finds () { grep -aF -f "$planted/patterns" "$@"; }
echo "a log with $(printf '%s' "xy$in_store!" | base64) in it" | finds - >/dev/null; ok $? 'the search finds what is hidden in base64'
jq -rn --arg text "x=$in_file" '$text | @uri' | finds - >/dev/null; ok $? 'and what is percent-encoded'

hook () { # hook NAME SECRET
  printf '"%s": { "task": "echo", "webhook": { "secrets": ["%s"], "header": "X-Sign" } }' "$1" "$2"
}
for agent in good bad; do cp "$ROYAL_BUILDDIR/tests/fixtures/agents/$agent.so" "$host_plugins/"; done
printf '{ "agent": "good", "module": "good.so", "triggers": { %s, %s, %s, %s, %s } }\n' "$(hook env hook-env)" \
  "$(hook file hook-file)" "$(hook cred hook-cred)" "$(hook store hook-store)" "$(hook none hook-none)" >"$host_dir/manifests/good.json"
printf '{ "agent": "bad", "module": "bad.so", "limits": { "workers": 1 } }\n' >"$host_dir/manifests/bad.json"
[ "$(id -u)" != 0 ] || chmod -R a+rX "$host_dir/manifests"

host_start ROYAL_SECRET_HOOK_ENV="$in_environment" CREDENTIALS_DIRECTORY="$planted/credentials" -- \
  --secrets-dir="$planted/secrets" --listen=127.0.0.1:0 --log-level=debug --stop-timeout=1
ok $? 'a host starts with secrets from each source'
url=http://127.0.0.1:$(jq -r 'select(.id == "http.listening") | .port' "$host_dir/royald.log")

# royalctl
out=$(printf '%s\n' "$in_store" | ctl secret set hook-store 2>&1); is 'a secret is set from standard input' 'secret hook-store is set' "$out"
is 'their names are listed' 'hook_env hook-cred hook-file hook-store' "$(ctl secret list --json | jq -r '[.items[].name] | join(" ")')"
is 'and where they are' 'environment file file store' "$(ctl secret list --json | jq -r '[.items[].source] | join(" ")')"
runs 1 'a name is checked' ctl secret delete nothing
out=$(printf '' | ctl secret set empty 2>&1); is 'nothing is no secret' 2 $?
out=$(printf 'x' | ctl secret set Bad/Name 2>&1); is 'nor is any name one' 1 $?

# Webhooks: over TCP, without a token.
deliver () { # deliver HOOK SIGNATURE [WORKSPACE]
  curl -s --max-time 5 -o "$host_dir/answer" -w '%{http_code}' "$url/hooks/${3:-default}/$1" -H "X-Sign: $2" -d '{"n":1}'
}
until_ok ctl trigger show good.env
is 'what is signed with the environment is taken' 202 "$(deliver good.env $by_environment)"
is 'with a file too' 202 "$(deliver good.file $by_file)"
is 'with a credential' 202 "$(deliver good.cred $by_credential)"
is 'with the database' 202 "$(deliver good.store $by_store)"
is 'again it is known' true "$(deliver good.store $by_store >/dev/null; jq -r .known "$host_dir/answer")"
is 'by another it is refused' 401 "$(deliver good.file $by_store)"
jq -S 'del(.request_id, .instance)' "$host_dir/answer" >"$host_dir/refused"
is 'what is not there is refused' 401 "$(deliver good.nothing $by_store)"
is 'in the same words' "$(cat "$host_dir/refused")" "$(jq -S 'del(.request_id, .instance)' "$host_dir/answer")"
is 'in another workspace too' 401 "$(deliver good.store $by_store other)"
is 'and whose secret is missing' 401 "$(deliver good.none $by_store)"
is 'which is told by name' true "$(ctl trigger show good.none --json | jq '.error | startswith("secret `hook-none` is not found")')"

# Runs: one that ends, one that fails, one that crashes, one that is still there.
runs 0 'a job is run' ctl jobs run good echo --wait
runs 1 'one fails' ctl jobs run good fail --input '{"code":"invalid"}' --wait
ctl jobs run bad crash >/dev/null
ctl jobs run good wait --input '{"ms":60000}' >/dev/null
soon 'one is at work' eval '[ "$(ctl jobs list --json | jq "[.items[] | select(.state == \"leased\")] | length")" -gt 0 ]'

# The key is changed while all goes on.
runs 0 'another key is made' ctl secret make-key
{ printf '%s\n' "$out"; cat "$planted/credentials/secrets-key"; } >"$planted/keys"
cat "$planted/keys" >"$planted/credentials/secrets-key"
patterns "$out" >>"$planted/patterns"
runs 0 'the host reads it' ctl reload
runs 0 'what is stored is sealed anew' ctl secret rotate-key
says 'all of it' '1 secrets are sealed anew'
is 'and is still good' 202 "$(deliver good.store $by_store)"

# The search
{
  for path in healthz readyz metrics api/v1/openapi.json api/v1/status api/v1/agents api/v1/agents/good api/v1/jobs api/v1/triggers \
    api/v1/triggers/good.store api/v1/triggers/good.none api/v1/secrets api/v1/approvals api/v1/audit api/v1/audit/export api/v1/tokens \
    'api/v1/events?after=0&limit=200'; do http "/$path"; echo; done
} >"$host_dir/answers"
grep -q '"name": *"hook-store"' "$host_dir/answers"; ok $? 'the answers are there'
runs 1 'no answer holds one' finds "$host_dir/answers"
is 'the events are told' true "$(http '/api/v1/events?after=0&limit=200' | jq '[.items[].kind] | (index("secret.set") and index("secret.rotated")) != null')"
runs 1 'no log line does' finds "$host_dir/royald.log"
grep -q '"level":"debug"' "$host_dir/royald.log"; ok $? 'though it is at its most talkative'
runs 1 'no file of the host does, its database with its write-ahead log among them' finds -rl "$host_dir/data" "$host_dir/run"
is 'the environment of the host does not' '' "$(tr '\0' '\n' <"/proc/$host_pid/environ" 2>/dev/null | finds -)"
children () { awk -v parent="$1" '/^PPid:/ && $2 == parent { split (FILENAME, part, "/"); print part[3] }' /proc/[0-9]*/status 2>/dev/null; }
workers=
for pid in $(children "$host_pid"); do
  case $(readlink "/proc/$pid/exe" 2>/dev/null || tr '\0' ' ' <"/proc/$pid/cmdline") in *royal-worker*) workers="$workers $pid" ;; esac
done
[ -n "$workers" ]; ok $? 'there are workers'
for pid in $(children "$host_pid"); do
  tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | finds - && echo "in the environment of $pid"
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | finds - && echo "on the command line of $pid"
done >"$host_dir/found"
is 'no child of the host has one in its environment or on its command line' '' "$(cat "$host_dir/found")"

memory () { # memory PID: what it can read of itself
  local range rest from to
  while read -r range rest; do
    case $rest in r*'[vvar'* | r*'[vsyscall'* | -*) continue ;; esac
    from=$((16#${range%-*} / 4096)); to=$((16#${range#*-} / 4096))
    [ $((to - from)) -lt 65536 ] || continue
    dd if="/proc/$1/mem" bs=4096 skip="$from" count=$((to - from)) status=none 2>/dev/null
  done < <(cat "/proc/$1/maps" 2>/dev/null) # at once: it changes while it is read, and a worker may be gone
}
if [ "$(id -u)" = 0 ]; then
  memory "$host_pid" | finds - >/dev/null; ok $? "the host's own memory has one, so it can be searched"
  for pid in $workers; do memory "$pid" | finds - | tr -cd '[:print:]\n'; done >"$host_dir/found"
  is 'no worker has one in its memory' '' "$(cat "$host_dir/found")"
else
  skip "no worker has one in its memory" 'only root can look'
fi

# The commands of the papers: capitals stand for what is the reader's own.
printf '{ "agent": "bad", "module": "bad.so", "triggers": { "tick": { "task": "crash", "schedule": { "cron": "@yearly", "zone": "Europe/Paris" } } } }\n' \
  >"$host_dir/manifests/bad.json"
runs 0 'a schedule is declared' ctl reload
until_ok ctl trigger show bad.tick
printf 'a value' >"$planted/value"
export PATH="$host_bin:$PATH"
for paper in triggers secrets; do
  while IFS= read -r command <&3; do
    command=${command//AGENT.NAME/bad.tick}
    command=${command//KEYS/$planted/made}
    command=${command//VALUE/$planted/value}
    runs 0 "$paper.md: ${command%% <*}" bash -c "$command"
  done 3< <(awk '/^```$/ { on = 0 } on; $0 == "```sh" { on = 1 }' "$ROYAL_SRCDIR/docs/$paper.md")
done
is 'the next times of a schedule are in its zone' 5 "$(ctl schedule next bad.tick --json | jq '[.[] | select(endswith("-01-01T00:00:00+01"))] | length')"

# What is missing or wrong is told by name, and no more.
runs 0 'it is deleted' ctl secret delete hook-store
is 'and gone at once' 401 "$(deliver good.store $by_store)"
host_stop
printf 'not a key, %s\n' "$in_store" >"$planted/credentials/secrets-key"
host_spawn CREDENTIALS_DIRECTORY="$planted/credentials"
wait "$host_pid"; is 'a host whose keys are none does not start' 1 $?
host_pid=
says_log=$(grep -c 'secrets-key-file: .*secrets-key: line 1: expected a key, 32 bytes in base64' "$host_dir/royald.log")
is 'and says where' 1 "$says_log"
runs 1 'and not what' finds "$host_dir/royald.log"
runs 1 'a check says so too' env CREDENTIALS_DIRECTORY="$planted/credentials" "$host_bin/royald" --check --data-dir="$host_dir/data" \
  --manifests="$host_dir/manifests" --plugins="$host_plugins" --worker="$host_worker"
says 'by name' 'line 1: expected a key, 32 bytes in base64'
finish
