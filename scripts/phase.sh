# Sourced, with $root set: runs the phases of a long command quietly, each with one line on stderr.
# shellcheck shell=bash disable=SC2154

logs=$root/build/logs

# Adds a word to the line of the phase that is running.
news() { printf '%s … ' "$*" >&"${EARSHOT_NEWS_FD:-2}"; }

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }

# seconds_since START_US: "12.3 s"
seconds_since() {
  local tenths=$((($(now_us) - $1) / 100000))
  echo "$((tenths / 10)).$((tenths % 10)) s"
}

# phase NAME COMMAND…: everything it prints goes to build/logs/NAME.log, and to stderr if it fails.
phase() {
  local name=$1 log=$logs/$1.log start status=0
  shift
  mkdir -p "$logs"
  start=$(now_us)
  printf '%-12s … ' "$name" >&2
  EARSHOT_NEWS_FD=3 "$@" 3>&2 > "$log" 2>&1 < /dev/stdin || status=$?
  if [[ $status -eq 0 ]]; then
    seconds_since "$start" >&2
  else
    printf 'failed after %s (%s)\n' "$(seconds_since "$start")" "${log#"$root"/}" >&2
    tail -n 100 "$log" >&2
  fi
  return "$status"
}
