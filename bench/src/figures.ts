/** What is measured, by the names in the report. Times are of whole commands, their start included. */
export interface FigureKind {
  readonly unit: 's' | 'MiB' | '%' | 'requests' | 'times'
  readonly what: string
  /** Times: at most this many floors. Others: at most this many units. Absent: it is only watched. */
  readonly most?: number
}

const seconds = (what: string, most?: number): FigureKind => ({
  unit: 's',
  what,
  ...(most === undefined ? {} : { most }),
})

export const figureKinds = {
  'create-1+0': seconds('create one control plane'),
  'create-1+1': seconds('create one control plane and one worker', 0.7),
  'create-1+3': seconds('create one control plane and three workers', 1),
  'create-3+3': seconds('create three control planes and three workers', 1.8),
  'add-worker': seconds('scale 1:1 to 1:2', 0.2),
  'add-10-workers': seconds('scale 1:1 to 1:11', 1.5),
  'add-control-planes': seconds('scale 1:0 to 3:0'),
  delete: seconds('delete 1+1', 0.1),
  'restart-all': seconds('3+2 persistent, all node pods deleted: API back', 0.8),
  'restart-all-ready': seconds('the same, until all nodes are Ready'),
  'cli-start': seconds('knest list, of a host without clusters'),
  'floor-join': seconds('kubeadm join of a second container to the floor, until Ready'),
  kind: seconds('kind create cluster'),
  k3d: seconds('k3d cluster create'),
  'cpu-seconds': { unit: 's', what: 'CPU time of create 1+0: its node and the command', most: 11 },
  'floor-cpu-seconds': { unit: 's', what: 'CPU time of the floor' },
  'tuned-floor-cpu-seconds': { unit: 's', what: 'CPU time of the tuned floor' },
  'idle-cpu': { unit: '%', what: 'of one core, an idle 1+0', most: 6 },
  'memory-control-plane': { unit: 'MiB', what: 'an idle control plane, not shared', most: 420 },
  'cache-control-plane': { unit: 'MiB', what: 'page cache that was first used by it' },
  'memory-worker': { unit: 'MiB', what: 'an idle worker, not shared', most: 90 },
  'cache-worker': { unit: 'MiB', what: 'page cache that was first used by it' },
  'load-1GiB': seconds('an image of 1 GiB in eight layers into 1+2'),
  'import-1GiB': seconds('one ctr images import of the same archive on the host'),
  'load-to-import': { unit: 'times', what: 'load-1GiB, of import-1GiB', most: 1.3 },
  'load-memory': { unit: 'MiB', what: 'the most that load-1GiB had', most: 200 },
  'load-copies': { unit: 'times', what: 'what it takes of the disks of those nodes, of 1 GiB', most: 1.1 },
  'add-third-worker': seconds('scale 1:2 to 1:3'),
  'add-worker-loaded': seconds('the same, and the new worker has that image'),
  'loaded-to-plain': { unit: 'times', what: 'add-worker-loaded, of add-third-worker', most: 1.2 },
  'loadbalancer-ready': seconds('pod Ready to an answer on this machine through a LoadBalancer'),
  'host-requests': { unit: 'requests', what: 'to the host API by one create 1+1' },
} as const satisfies Readonly<Record<string, FigureKind>>

export type FigureName = keyof typeof figureKinds

/** The figures of one round, each in its unit. */
export type Round = Readonly<Partial<Record<FigureName, number>>>

export function isFigureName(name: string): name is FigureName {
  return Object.hasOwn(figureKinds, name)
}

/** CPU time is no time of a command: it has no ratio to the floor. */
export function isRatio(name: FigureName): boolean {
  return figureKinds[name].unit === 's' && !name.includes('cpu')
}
