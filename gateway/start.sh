#!/bin/sh
# Writes what depends on the deployment beside nginx.conf, then becomes nginx.
#
#   TRUSTED_PROXIES      networks whose X-Forwarded-For counts ("10.0.0.0/8 192.0.2.7"); none: who connects is the caller
#   OPERATORS            networks that may open /admin/ (Keycloak) and /rabbitmq/; none: nobody
#   REQUESTS_PER_SECOND  of one address, with bursts of four times as many
#   MAINTENANCE          on: everybody gets the maintenance page
#   TLS_CERTIFICATE      a file (with TLS_KEY): https on 8443, and http only leads there
set -eu
out=/tmp/gateway
mkdir -p "$out"

for network in ${TRUSTED_PROXIES:-}; do echo "set_real_ip_from $network;"; done >"$out/trusted.conf"
for network in ${TRUSTED_PROXIES:-}; do echo "$network 1;"; done >"$out/trusted.geo"
{ for network in ${OPERATORS:-}; do echo "allow $network;"; done; echo "deny all;"; } >"$out/operators.conf"
echo "limit_req_zone \$binary_remote_addr zone=callers:10m rate=${REQUESTS_PER_SECOND:-100}r/s;" >"$out/limits.conf"
echo "limit_req zone=callers burst=$((${REQUESTS_PER_SECOND:-100} * 4)) nodelay;" >"$out/limit.conf"
# Not for the page itself, which nginx asks for in the place of what was asked.
if [ "${MAINTENANCE:-off}" = on ]; then echo 'if ($uri != /maintenance.html) { return 503; }'; fi >"$out/maintenance.conf"

site="include $out/maintenance.conf; include /gateway/site.conf;"
if [ -n "${TLS_CERTIFICATE:-}" ]; then
    cat <<CONF
server { listen 8080; return 308 ${PUBLIC_URL%/}\$request_uri; }
server {
    listen 8443 ssl;
    http2 on;
    ssl_certificate $TLS_CERTIFICATE;
    ssl_certificate_key $TLS_KEY;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
    $site
}
CONF
else
    echo "server { listen 8080; $site }"
fi >"$out/servers.conf"

exec nginx -c /gateway/nginx.conf -g 'daemon off;'
