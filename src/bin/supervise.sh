#!/bin/sh
# supervise.sh PROGRAM [ARGS]: starts the program, and starts it again when it is killed or fails.
# A container that ends is started again by the kubelet; the agent's kubelet is the one that is stuck. So the agent has a
# parent of its own in its container (docs/adr/0007). Exit code 0 (it was stopped) and 2 (wrong flags) end it.
child=
trap 'stopping=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM INT
while :; do
  "$@" &
  child=$!
  wait "$child"; code=$?
  # A trapped signal ends the first wait; the program is still stopping then.
  while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
  if [ -n "$stopping" ] || [ "$code" = 0 ] || [ "$code" = 2 ]; then exit "$code"; fi
  echo "{\"level\":\"warn\",\"msg\":\"The program has ended and is started again\",\"code\":$code}" >&2
  sleep 1
done
