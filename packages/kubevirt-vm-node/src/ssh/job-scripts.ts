/** Commands of a detached job, for /bin/sh of a node. A node's /run does not outlive a reboot; nor does a job. */
export const jobsFolder = '/run/knest/jobs'

/**
 * Takes standard input whole before anything runs, so that a cut connection (exit code 75) begins nothing;
 * `mkdir started` lets only one of several tries begin. Input may hold keys: its file is gone as soon as
 * the command has opened it.
 */
const startScript = `set -eu
umask 077
job=$1 size=$2
shift 2
mkdir -p "$job"
[ ! -d "$job/started" ] || exit 0
cat > "$job/stdin.$$"
[ "$(wc -c < "$job/stdin.$$")" -eq "$size" ] || { rm -f "$job/stdin.$$"; exit 75; }
mkdir "$job/started" 2>/dev/null || { rm -f "$job/stdin.$$"; exit 0; }
mv "$job/stdin.$$" "$job/stdin"
: > "$job/stdout"
: > "$job/stderr"
setsid sh -c '
echo $$ > "$0/pid"
exec < "$0/stdin"
rm -f "$0/stdin"
"$@" > "$0/stdout" 2> "$0/stderr"
echo $? > "$0/code.part"
mv "$0/code.part" "$0/code"' "$job" "$@" < /dev/null > /dev/null 2>&1 &
`

/** Sends what came after these bytes until the job has ended; exit code 1 when it ended without a code. */
const followScript = `job=$1
tries=0
until [ -s "$job/pid" ]; do
  [ -d "$job/started" ] && [ "$tries" -lt 50 ] || exit 1
  tries=$((tries + 1))
  sleep 0.1
done
pid=$(cat "$job/pid")
( until [ -e "$job/code" ] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.1; done ) &
ended=$!
tail -s 0.1 --pid="$ended" -f -c "+$2" "$job/stdout" &
tail -s 0.1 --pid="$ended" -f -c "+$3" "$job/stderr" >&2
wait
[ -e "$job/code" ]
`

const killScript = `job=$1
pkill -TERM -s "$(cat "$job/pid")"
rm -rf "$job"
`

/** `job` is the folder of the job, unlike any other's. */
export function start(job: string, stdinBytes: number, argv: readonly string[]): readonly string[] {
  return ['sh', '-c', startScript, 'knest-job', job, String(stdinBytes), ...argv]
}

export function follow(job: string, stdoutBytes: number, stderrBytes: number): readonly string[] {
  // tail counts from 1.
  return ['sh', '-c', followScript, 'knest-job', job, String(stdoutBytes + 1), String(stderrBytes + 1)]
}

export function readCode(job: string): readonly string[] {
  return ['cat', `${job}/code`]
}

export function remove(job: string): readonly string[] {
  return ['rm', '-rf', job]
}

/** Ends all processes of the job's session; `timeout` makes a process group of its own. */
export function kill(job: string): readonly string[] {
  return ['sh', '-c', killScript, 'knest-job', job]
}
