#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# git-server.sh DIR PORT SSH_PORT — real git servers on loopback over the repositories in DIR/repos: https with a password
# (localhost:PORT/NAME.git, x-access-token, good-token) and ssh (SSH_PORT), until standard input ends. Prints "ready", or
# "skip: REASON". Writes DIR/ca.pem, DIR/client (a key), DIR/host_key.
set -euo pipefail
dir=$1 port=$2 ssh_port=$3
cd "$dir"

for program in git nginx fcgiwrap openssl ssh-keygen /usr/sbin/sshd /usr/lib/git-core/git-http-backend; do
  PATH=$PATH:/usr/sbin command -v "$program" > program.path || { echo "skip: there is no $program"; exit 0; }
done

git init -q --bare -b main repos/shop.git
git -C repos/shop.git config http.receivepack true
git init -q -b main seed
git -C seed -c user.name=x -c user.email=x@x commit -q --allow-empty -m first
git -C seed push -q ../repos/shop.git main
git -C repos/shop.git config receive.denyDeletes false
printf '#!/bin/sh\nwhile read old new ref; do case $ref in refs/heads/closed*) echo "no branch may be called closed" >&2; exit 1;; esac; done\n' \
  > repos/shop.git/hooks/pre-receive
chmod +x repos/shop.git/hooks/pre-receive

mkdir -p tmp log
printf 'x-access-token:%s\n' "$(openssl passwd -apr1 good-token)" > htpasswd
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2> log/openssl
cat > nginx.conf <<N
worker_processes 1; pid $dir/nginx.pid; error_log $dir/log/error; daemon off; user $(id -un);
events { worker_connections 64; }
http {
  access_log $dir/log/access; client_body_temp_path $dir/tmp; fastcgi_temp_path $dir/tmp; proxy_temp_path $dir/tmp;
  uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp; client_max_body_size 512m;
  server {
    listen 127.0.0.1:$port ssl; ssl_certificate $dir/ca.pem; ssl_certificate_key $dir/key.pem;
    location / {
      auth_basic git; auth_basic_user_file $dir/htpasswd;
      fastcgi_pass unix:$dir/fcgi.sock; include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend; fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param GIT_PROJECT_ROOT $dir/repos; fastcgi_param PATH_INFO \$uri;
      fastcgi_param REMOTE_USER \$remote_user; fastcgi_buffering off;
    }
  }
}
N

ssh-keygen -q -t ecdsa -m PEM -N '' -f client
ssh-keygen -q -t ecdsa -N '' -f sshd_key
ssh-keygen -q -t ed25519 -N '' -C '' -f signing
ssh-keygen -l -E sha256 -f sshd_key.pub | sed 's/.*SHA256:\([^ ]*\).*/\1/' > host_key
cat > sshd_config <<S
Port $ssh_port
ListenAddress 127.0.0.1
HostKey $dir/sshd_key
AuthorizedKeysFile $dir/client.pub
StrictModes no
PasswordAuthentication no
PermitRootLogin yes
UsePAM no
PidFile $dir/sshd.pid
S

mkdir -p /run/sshd 2> log/run || true
set -m # each with a group of its own: fcgiwrap leaves its children behind
fcgiwrap -f -c 2 -s "unix:$dir/fcgi.sock" 2> log/fcgiwrap & pids=($!)
nginx -c "$dir/nginx.conf" 2> log/nginx & pids+=($!)
/usr/sbin/sshd -D -e -f sshd_config 2> log/sshd & pids+=($!)
trap 'kill -- "${pids[@]/#/-}" 2> log/kill; wait' EXIT

for ((i = 0; i < 100; i++)); do
  if [ -S fcgi.sock ] && (: < "/dev/tcp/127.0.0.1/$port" && : < "/dev/tcp/127.0.0.1/$ssh_port") 2> log/try; then
    echo ready
    cat > log/input
    exit
  fi
  sleep 0.1
done
echo "skip: the servers did not come up"
