import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

const run = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

/** Why this machine has no small disk to give; undefined when it has. */
export function whyNoSmallDisk(engine: string): string | undefined {
  if (engine !== 'podman') return 'a small disk is put where podman keeps a volume'
  return existsSync('/dev/loop-control') ? undefined : 'this machine has no loop devices'
}

export interface SmallDisk {
  mebibytesFree(): number
  /** Unmounts it, though somebody may have it still. */
  detach(): void
  remove(): void
}

/** A file system of its own, in a file of `folder`, mounted where podman will keep the disk of a host's node. */
export function createSmallDisk(folder: string, node: string, bytes: number): SmallDisk {
  const file = join(folder, `${node}.ext4`)
  const descriptor = openSync(file, 'w')
  ftruncateSync(descriptor, bytes)
  closeSync(descriptor)
  run('mkfs.ext4', '-q', '-F', '-m', '0', '-E', 'root_owner=0:0', file)
  const volume = join(run('podman', 'info', '--format', '{{.Store.VolumePath}}'), `${node}-disk`)
  const path = join(volume, '_data')
  mkdirSync(path, { recursive: true })
  run('mount', '-o', 'loop', file, path)
  // podman takes a folder with something in it for one that is in use.
  rmSync(join(path, 'lost+found'), { recursive: true })
  return {
    mebibytesFree: () => {
      const { bavail, bsize } = statfsSync(path)
      return Math.floor((bavail * bsize) / 2 ** 20)
    },
    detach: () => run('umount', '--lazy', path),
    remove: () => {
      rmSync(volume, { recursive: true, force: true })
      rmSync(file, { force: true })
    },
  }
}
