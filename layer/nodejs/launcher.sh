#!/bin/sh
':' /*
# A shell reads from here to the line with `exec`; for Node all this is one comment, and the extension follows it.
# Builtins only: the function decides what PATH is. Nor does it decide, by SHELLOPTS or exported functions, how this runs.
set +e +u
case ${BASH_VERSION-} in ?*) set +k; unset -f [ cd shopt command printf read sleep ;; esac

# The function's settings for its own Node are not ours: a --require that we cannot load, or a debugger's port that is
# taken, would end this process and with it the function. A wrong library would, too.
unset NODE_OPTIONS NODE_PATH NODE_DEBUG NODE_DEBUG_NATIVE NODE_V8_COVERAGE NODE_COMPILE_CACHE NODE_ICU_DATA \
  NODE_TLS_REJECT_UNAUTHORIZED NODE_USE_ENV_PROXY NODE_REDIRECT_WARNINGS NODE_PENDING_DEPRECATION \
  NODE_PRESERVE_SYMLINKS NODE_PRESERVE_SYMLINKS_MAIN NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE NODE_UNIQUE_ID \
  UV_THREADPOOL_SIZE UV_USE_IO_URING OPENSSL_CONF OPENSSL_MODULES LD_PRELOAD LD_AUDIT \
  PARAMETERS_SECRETS_EXTENSION_INHERITED_SOCKETS
export LD_LIBRARY_PATH=/var/lang/lib
# The directory we were started in may be gone.
cd /
if [ -x /var/lang/bin/node ]; then
  # A small program listens and registers while Node is still being loaded: layer/starter. There is one for each
  # processor, which the dynamic linker's file tells; where both or none are there, Node starts alone. So it does where
  # the starter cannot be executed, which only bash lives to see, and for its own call with an argument.
  set -- "${1-}" "${0%/*}/../parameters-secrets-starter-"
  [ -e /lib64/ld-linux-x86-64.so.2 ] && set -- "$1" "$2x86_64"
  [ -e /lib/ld-linux-aarch64.so.1 ] && set -- "$1" "$2arm64"
  if [ -z "$1" ] && [ -f "$2" ] && [ -x "$2" ] && PATH=/nope shopt -s execfail 2>/dev/null; then
    exec "$2" /var/lang/bin/node @FLAGS@ "$0"
    shopt -u execfail
  fi
  exec /var/lang/bin/node @FLAGS@ "$0"
fi

# No Node: the function runs on another runtime and has the wrong layer. It can live without us if we register and
# wait, which takes HTTP. Amazon Linux' sh is bash, which can; where sh is another shell, bash may still be there.
[ -z "$BASH_VERSION" ] && [ -x /bin/bash ] && exec /bin/bash "$0"
PATH=/usr/bin:/bin
trap '' PIPE

say() {
  now= && printf -v now '%(%Y/%m/%d %H:%M:%S)T' -1 2>/dev/null
  printf '[AWS Parameters and Secrets Lambda Extension] %s ERROR %s\n' "$now" "$1"
}

# ask <method> <path> <header> <body>: leaves the answer's $status and $identifier.
ask() {
  status= identifier=
  command exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API##*:}" || return
  printf '%s /2020-01-01/extension/%s HTTP/1.1\r\nHost: %s\r\n%s\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
    "$1" "$2" "$AWS_LAMBDA_RUNTIME_API" "$3" "${#4}" "$4" >&3
  read -r _ status _ <&3
  while read -r name value <&3 && [ -n "$value" ]; do
    case $name in [Ll]ambda-[Ee]xtension-[Ii]dentifier:) identifier=${value%?} ;; esac
  done
  exec 3>&-
}

{ ask POST register "Lambda-Extension-Name: ${0##*[/]}" '{"events":["SHUTDOWN"]}'; } 2>/dev/null
if [ -z "$identifier" ]; then
  say 'there is no Node at /var/lang/bin/node, and this shell cannot wait without it: take this layer away'
  exit 1
fi
say "there is no Node at /var/lang/bin/node: this layer is for the nodejs runtimes. \
Take parameters-secrets-${HOSTTYPE/aarch64/arm64} instead. Until then nothing answers here."
registered=$identifier
# SHUTDOWN is the only event that we asked for, so any answer is that one.
until { ask GET event/next "Lambda-Extension-Identifier: $registered"; [ "$status" = 200 ]; } 2>/dev/null; do sleep 1; done
exit 0
*/
