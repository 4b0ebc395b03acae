#!/bin/sh
# Runs a command with secrets from files in its environment: NAME_FILE=/run/secrets/x becomes NAME=<content of the file>.
# So no password is in compose.yaml, in an image, or in what `docker inspect` shows. PostgreSQL's image knows the same way.
set -eu
for name in PREFECT_SERVER_DATABASE_PASSWORD PREFECT_SERVER_API_AUTH_STRING PREFECT_API_AUTH_STRING RADWEAVE_PACS_PASSWORD; do
    eval "file=\${${name}_FILE:-}"
    if [ -n "$file" ]; then
        if ! [ -r "$file" ] || ! [ -s "$file" ]; then
            echo "$name: the secret in $file is empty, or user $(id -u) cannot read it" >&2
            exit 2
        fi
        export "$name=$(cat "$file")"
        unset "${name}_FILE"
    fi
done
exec "$@"
