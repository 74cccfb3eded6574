import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { on, onWorker, type Fault } from './fault.js'
import type { Place } from './place.js'
import { slowApi } from './slow-api.js'

/** Runs a script in the container that an embedded host is. */
export type Machine = (script: string) => Promise<string>

const kubectlDns =
  (replicas: number) =>
  ({ onHost }: Place): Promise<string> =>
    onHost('scale', 'deployment', 'coredns', '-n', 'kube-system', '--replicas', String(replicas))
const tag = (from: string, to: string): string =>
  `ctr -n k8s.io images tag ${from} ${to} >/dev/null && ctr -n k8s.io images rm ${from} >/dev/null`
const nodeImage = ({ beside, worker }: Place): Promise<string> =>
  beside('get', 'statefulset', worker, '-o', 'jsonpath={.spec.template.spec.containers[0].image}')
const kept = 'localhost/e2e-doctor/kept:1'
const crd = 'nestedclusters.knest.dev'
const controller = 'knest-controller'
const inController = ['-n', 'knest-system']

/** Loaded before all else of a program, it has its clock go ahead. */
function aheadBy(seconds: number): NonNullable<Fault['env']> {
  const text = `const Real = Date
const ahead = ${seconds} * 1000
globalThis.Date = class extends Real {
  constructor(...words) { if (words.length === 0) super(Real.now() + ahead); else super(...words) }
  static now() { return Real.now() + ahead }
}
`
  return ({ home }) => {
    const file = join(home.path, `ahead-${seconds}.cjs`)
    writeFileSync(file, text)
    return { NODE_OPTIONS: `--require ${file}` }
  }
}

/** What a whole host feels: for one that nobody else is on. */
export function hostFaults(machine: Machine): readonly Fault[] {
  const block =
    (verb: string): Fault['inject'] =>
    async ({ beside, name }) => {
      const port = await beside('get', 'service', `${name}-api`, '-o', 'jsonpath={.spec.ports[0].nodePort}')
      await machine(`iptables -t raw -${verb} PREROUTING -p tcp --dport ${port} -j DROP`)
    }
  // The kernel's own limit is that of the whole machine: only who looks sees another one.
  const few = '/run/flannel/few'
  const inFlannel = (command: string): string => `nsenter -t "$(pgrep -o -x flanneld)" -m ${command}`
  const limit = '/proc/sys/fs/inotify/max_user_instances'
  return [
    {
      what: 'a DNS of the host without pods',
      inject: kubectlDns(0),
      reason: 'HostDnsDown',
      object: on('service/kube-dns'),
      remedy: /^kubectl get pods .*-n kube-system/,
      byHand: kubectlDns(2),
    },
    {
      what: 'few inotify instances',
      inject: () => machine(`echo 128 >${few}; ${inFlannel(`busybox mount -o bind ${few} ${limit}`)}`),
      reason: 'InotifyLimit',
      object: on('host'),
      remedy: /sysctl -w fs\.inotify\.max_user_instances=512/,
      byHand: () => machine(`${inFlannel(`busybox umount ${limit}`)}; rm ${few}`),
    },
    {
      what: 'a clock that goes ahead by minutes',
      inject: () => Promise.resolve(),
      reason: 'ClockSkew',
      object: on('host'),
      also: ['ClockSkew'],
      remedy: /set the clock of this machine/,
      env: aheadBy(150),
    },
    {
      what: 'a clock that goes ahead by an hour',
      inject: () => Promise.resolve(),
      reason: 'ClockSkew',
      object: on('host'),
      also: ['ClockSkew'],
      remedy: /set the clock of this machine/,
      env: aheadBy(3600),
      hides: true,
    },
    {
      what: 'an API of the host that is slow',
      ...slowApi(),
      reason: 'HostApiSlow',
      object: on('host'),
      remedy: /^kubectl get --raw/,
      hides: true,
    },
    {
      what: 'a NodePort that is blocked',
      inject: block('I'),
      reason: 'WayInBlocked',
      object: ({ name }) => `service/${name}-api`,
      remedy: /^kubectl get service /,
      byHand: block('D'),
    },
    {
      what: 'a node image that is missing',
      inject: async (place) => {
        await machine(tag(await nodeImage(place), kept))
        await place.beside('delete', 'pod', `${place.worker}-0`, '--wait=false')
      },
      reason: 'NodeImageMissing',
      object: onWorker,
      also: ['NodeImageMissing'],
      remedy: /when its host node can pull that image/,
      byHand: async (place) => machine(tag(kept, await nodeImage(place))),
    },
    {
      what: 'a definition of NestedCluster that is of an older knest',
      inject: ({ onHost }) =>
        onHost('annotate', '--overwrite', 'crd', crd, 'knest.dev/definition-revision=1'),
      reason: 'CrdOutdated',
      object: on(`crd/${crd}`),
      remedy: /^knest host install controller/,
    },
    {
      what: 'a definition of NestedCluster that knest did not make',
      inject: ({ onHost }) => onHost('label', 'crd', crd, 'app.kubernetes.io/managed-by-'),
      reason: 'CrdForeign',
      object: on('host'),
      remedy: /^kubectl label --overwrite crd/,
    },
    {
      what: 'a controller that was scaled to 0',
      inject: ({ onHost }) => onHost('scale', 'deployment', controller, ...inController, '--replicas', '0'),
      reason: 'ControllerDown',
      object: on(`deployment/${controller}`),
      remedy: /^kubectl scale deployment/,
    },
    {
      what: 'a controller of another version',
      inject: ({ onHost }) =>
        onHost(
          'set',
          'image',
          `deployment/${controller}`,
          ...inController,
          '*=localhost/knest/controller:v0',
        ),
      reason: 'ControllerVersion',
      object: on(`deployment/${controller}`),
      remedy: /^knest host install controller/,
      byHand: ({ knest }) => knest('host', 'uninstall', 'controller'),
    },
    {
      what: 'a host node whose kubelet is dead',
      inject: () => machine('systemctl stop kubelet'),
      reason: 'HostNodeNotReady',
      object: ({ context }) => `node/${context}-cp-0`,
      also: ['NoSchedulableNode', 'TaintNotTolerated', 'ApiSilent', 'WayInBlocked', 'HostDnsDown'],
      remedy: /^kubectl describe node/,
      byHand: () => machine('systemctl start kubelet'),
      hides: true,
    },
  ]
}
