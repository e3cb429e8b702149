#!/bin/sh
# Ask Regie one question with nothing but curl and openssl: ask.sh KEY KID CLIENT PURPOSE CATEGORY REFERENCE
# KEY is a private RSA key (PEM) that stays on this machine. REGIE is the address; by default that of the demo.
set -eu
key=$1 kid=$2 client=$3 purpose=$4 category=$5 reference=$6
base=${REGIE:-http://127.0.0.1:8000}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
member() { sed -n "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p"; }

# As the token service calls itself, whichever name it is reached by here.
endpoint=$(curl -sS --fail "$base/.well-known/oauth-authorization-server" | member token_endpoint)

now=$(date +%s)
header=$(printf '{"alg":"RS256","kid":"%s"}' "$kid" | base64url)
payload=$(printf '{"iss":"%s","sub":"%s","aud":"%s","iat":%d,"exp":%d,"jti":"%s"}' \
    "$client" "$client" "$endpoint" "$now" "$((now + 60))" "$(openssl rand -hex 16)" | base64url)
signature=$(printf '%s.%s' "$header" "$payload" | openssl dgst -sha256 -sign "$key" -binary | base64url)

answer=$(curl -sS "$base/oauth/token" \
    --data-urlencode 'grant_type=client_credentials' \
    --data-urlencode 'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer' \
    --data-urlencode "client_assertion=$header.$payload.$signature" \
    --data-urlencode "scope=consent:check purpose:$purpose")
token=$(printf '%s' "$answer" | member access_token)
if [ -z "$token" ]; then
    printf 'No token: %s\n' "$answer" >&2
    exit 1
fi

# The token goes through standard input: arguments of a program can be read by others on the machine.
printf 'Authorization: Bearer %s' "$token" | curl -sS "$base/access/v1/evaluation" \
    --header @- --header 'Content-Type: application/json' --data "$(printf \
    '{"subject":{"type":"service","id":"%s"},"action":{"name":"%s"},"resource":{"type":"data_subject","id":"%s","properties":{"dataCategory":"%s"}}}' \
    "$client" "$purpose" "$reference" "$category")"
echo
