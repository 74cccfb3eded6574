import { KnestError, onAbort } from '@knest/core'
import type { PodExecOptions, PodRef } from '@knest/core'
import type { Clock } from './clock.js'
import type { Host } from './host.js'
import { kinds } from './host-kinds.js'
import type { Kubelets } from './kubelet.js'
import { MachineGone } from './machine.js'
import type { Outcome } from './outcome.js'
import type { Process } from './process.js'
import type { Scene } from './scene.js'
import { runCommand } from './scripts.js'

interface ExecScene extends Scene {
  readonly clock: Clock
  readonly cluster: Host
  readonly kubelets: Kubelets
}

/** Runs a command in the machine that is this pod. A process that is killed meanwhile hears nothing of it. */
export async function execInPod(
  scene: ExecScene,
  process: Process,
  { namespace, name }: PodRef,
  argv: readonly string[],
  options: PodExecOptions,
): Promise<number> {
  const uid = scene.cluster.store.get(kinds.pod, name, namespace)?.metadata.uid
  if (uid === undefined) throw new KnestError('not-found', `there is no pod ${namespace}/${name}`)
  const machine = scene.kubelets.machines.get(uid)
  if (machine === undefined) throw new KnestError('host-unreachable', `pod "${name}" does not run`)
  const { exitCode, stdout, stderr } = await new Promise<Outcome>((resolve, reject) => {
    const limit = scene.clock.plan(options.timeoutMs, () =>
      give(() => reject(new KnestError('timeout', `${argv[4] ?? ''} took too long`))),
    )
    const forget = onAbort(options.signal, (error) => give(() => reject(error)))
    const give = (answer: () => void): void => {
      limit.cancel()
      forget()
      if (!process.isDead()) answer()
    }
    runCommand(scene, machine, argv.slice(4), options.stdin).then(
      (outcome) => give(() => resolve(outcome)),
      (error: unknown) => {
        const lost = new KnestError('host-unreachable', `the connection to "${machine.node}" was lost`)
        give(() => reject(error instanceof MachineGone ? lost : (error as Error)))
      },
    )
  })
  if (stdout !== '') options.stdout.write(stdout)
  if (stderr !== '') options.stderr.write(stderr)
  return exitCode
}
