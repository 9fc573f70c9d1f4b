#!/bin/sh
# Starts Keycloak in production: secrets come from files, and nothing starts half configured.
set -eu

home=${KEYCLOAK_HOME:-/opt/keycloak}

# Passwords go into a file that nobody else may read: the environment of a process is seen by others (/proc, docker
# inspect). NAME_FILE=/run/secrets/name stands for NAME, as in our services; Keycloak itself would silently ignore it.
umask 077
config=$(mktemp -d "${TMPDIR:-/tmp}/keycloak.XXXXXX")/secrets.conf
given=
keep() {
    eval "file=\${$2_FILE:-} value=\${$2:-}"
    if [ -n "$file" ]; then value=$(cat "$file"); fi
    unset "$2" "$2_FILE"
    case $value in
    "") return ;;
    *[\\\$]*)
        echo "keycloak: $2: choose one without \\ and \$, which mean something in Keycloak's configuration" >&2
        exit 1
        ;;
    esac
    printf '%s=%s\n' "$1" "$value" >>"$config"
    given="$given $2"
}
keep db-password KC_DB_PASSWORD
keep bootstrap-admin-password KC_BOOTSTRAP_ADMIN_PASSWORD

missing=
for name in KC_DB_URL KC_DB_USERNAME KC_HOSTNAME KC_BOOTSTRAP_ADMIN_USERNAME \
    MARQUEE_WEB_URL MARQUEE_AUTH_URL MARQUEE_AUTH_INTERNAL_URL; do
    eval "value=\${$name:-}"
    if [ -z "$value" ]; then missing="$missing $name"; fi
done
for name in KC_DB_PASSWORD KC_BOOTSTRAP_ADMIN_PASSWORD; do
    case "$given " in *" $name "*) ;; *) missing="$missing $name" ;; esac
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

exec "$home/bin/kc.sh" "--config-file=$config" start --optimized --import-realm "$@"
