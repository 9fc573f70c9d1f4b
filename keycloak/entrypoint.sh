#!/bin/sh
# Starts Keycloak in production: secrets come from files, and nothing starts half configured.
set -eu

home=${KEYCLOAK_HOME:-/opt/keycloak}

# NAME_FILE=/run/secrets/name stands for NAME, as in our services. Keycloak itself would silently ignore it.
for name in KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_PASSWORD; do
    eval "file=\${${name}_FILE:-}"
    if [ -n "$file" ]; then
        value=$(cat "$file")
        export "$name=$value"
        unset "${name}_FILE"
    fi
done

missing=
for name in KC_DB_URL KC_DB_USERNAME KC_DB_PASSWORD KC_HOSTNAME KC_BOOTSTRAP_ADMIN_USERNAME KC_BOOTSTRAP_ADMIN_PASSWORD \
    MARQUEE_WEB_URL MARQUEE_AUTH_URL MARQUEE_AUTH_INTERNAL_URL; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then missing="$missing $name"; fi
done
if [ -n "$missing" ]; then
    echo "keycloak: not set:$missing" >&2
    exit 1
fi

# The first start imports the realm and would take a variable that is not set as the secret, letter by letter.
# So the clients begin with secrets that nobody knows; `python -m marquee.realm` gives them theirs.
for client in WEB AUTH MOVIES PAYMENT TICKET REVIEW NOTIFICATION; do
    secret=$(head -c 32 /dev/urandom | base64 -w 0)
    export "MARQUEE_${client}_SECRET=$secret"
done

exec "$home/bin/kc.sh" start --optimized --import-realm "$@"
