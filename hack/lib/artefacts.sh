# shellcheck shell=bash
# A cache of build results, each under a hash of its inputs. Source it; see hack/build-images.

cache=${KNEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/knest}
declare -A artefacts=() # name -> path
scratch=''
trap 'remove_tree "$scratch"' EXIT

# remove_tree DIRECTORY: and nothing that is still mounted in it.
remove_tree() { [[ -z $1 ]] || rm -rf --one-file-system "$1"; }

progress() { printf '%5d s  %s\n' "$SECONDS" "$*" >&2; }

join() {
  local separator=$1 first=$2
  shift 2
  printf '%s' "$first" "${@/#/$separator}"
}

# run_step TITLE COMMAND...: one line, and the command's output only when it fails.
run_step() {
  local title=$1 log status begin=$SECONDS
  shift
  log=$(mktemp)
  # As a condition the command would run on after what fails in its middle, and leave half a file as if it were whole.
  set +e
  (
    set -e
    "$@"
  ) >"$log" 2>&1
  status=$?
  set -e
  if ((status != 0)); then
    progress "$title: failed"
    tail -n 40 "$log" >&2
    echo "The whole output: $log" >&2
    exit 1
  fi
  rm -f "$log"
  progress "$title ($((SECONDS - begin)) s)"
}

# hash_of DIRECTORY TEXT: the names and contents of its sources, and the text.
hash_of() {
  {
    if [[ -n $1 ]]; then
      (cd "$1" && find . -type f \( -name '*.go' -o -name 'go.*' -o -name '*.c' \) -not -name '*_test.go' -print0 | sort -z | xargs -0 sha256sum)
    fi
    printf '%s' "$2"
  } | sha256sum | cut -c1-16
}

# artefact NAME HASH BUILDER [SUFFIX]: the builder writes $target; $scratch is a directory to work in, for temporary
# files as well. What has the name of an artefact is whole, also after a build that was killed and a loss of power.
artefact() {
  local name=$1 hash=$2 builder=$3 suffix=${4:-} path target lock
  path=$cache/$name-$hash$suffix
  # shellcheck disable=SC2034 # for those who source this
  artefacts[$name]=$path
  [[ -e $path ]] && return
  mkdir -p "$cache"
  sweep
  scratch=$(mktemp -d "$cache/work.XXXXXX")
  exec {lock}<"$scratch"
  flock --nonblock "$lock"
  target=$scratch/$name$suffix
  TMPDIR=$scratch run_step "build $name" "$builder"
  sync "$target"
  mv "$target" "$path"
  exec {lock}<&-
  remove_tree "$scratch" && scratch=''
}

# sweep: removes what builds that were killed have left. One that runs, or a program that it has started, holds the
# lock of its directory; it takes it in the first moment.
sweep() {
  local left
  find "$cache" -maxdepth 1 -name 'work.*' -mmin +1 -print0 | while IFS= read -r -d '' left; do
    (flock --nonblock 9 && remove_tree "$left") 9<"$left" || true
  done
}

# builds NAME: all builds of an artefact, the newest first.
builds() {
  find "$cache" -maxdepth 1 -regextype posix-extended -regex "$cache/$1-[0-9a-f]{16}(\\..*)?" -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2-
}

# forget NAME: the next artefact of that name is built anew.
forget() { prune "$1" 0; }

# prune NAME COUNT: keeps the newest builds of an artefact.
prune() {
  local old
  builds "$1" | tail -n "+$(($2 + 1))" | while read -r old; do remove_tree "$old"; done
}
