# Sourced by the lints, which check the tree named by their first argument (by default this
# checkout): goes there, and lists the project's own files.
# shellcheck shell=bash

tree=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
cd "$tree" || exit 2

# files PATTERN…: tracked and new files whose path matches one of the globs, sorted, one per line.
# A * also matches /. Generated and downloaded files are ignored by git, so they do not occur.
files() {
  local path pattern
  {
    if [[ -e .git ]]; then
      git -c safe.directory='*' ls-files --cached --others --exclude-standard
    else
      find . \( -name node_modules -o -name build -o -name dist -o -name '.?*' \) -prune -o \
        -type f -print | sed 's|^\./||'
    fi
  } | LC_ALL=C sort -u | while IFS= read -r path; do
    for pattern in "$@"; do
      # shellcheck disable=SC2053 # The right side is a glob on purpose.
      if [[ $path == $pattern && -f $path ]]; then
        echo "$path"
        break
      fi
    done
  done
}

# is_allowed LINT PATH: whether scripts/lint/allowed.txt excepts the file from the lint.
is_allowed() { awk -v l="$1" -v p="$2" '$1 == l && $2 == p { found = 1 } END { exit !found }' \
  scripts/lint/allowed.txt 2>/dev/null; }

# refuse_matches LINT REGEX MESSAGE PATTERN…: complains about every line that matches (grep -E).
refuse_matches() {
  local lint=$1 regex=$2 message=$3 path found line text bad=0
  shift 3
  while IFS= read -r path; do
    found=$(grep -nIE -- "$regex" "$path") || continue
    is_allowed "$lint" "$path" && continue
    bad=1
    while IFS=: read -r line text; do
      echo "$path:$line: $message: ${text#"${text%%[! ]*}"}"
    done <<< "$found"
  done < <(files "$@")
  return "$bad"
}
