/** What stands on the host, or is wrong with it, while a case runs. */
export type Situation =
  | 'empty host'
  /** `quickstart` with one control plane and one worker is there. */
  | 'quickstart exists'
  /** The kubeconfig points where nobody listens. */
  | 'host unreachable'
  /** The kubeconfig's user may do nothing. */
  | 'host forbids'
  /** The kubeconfig has no context of that name. */
  | 'no such context'
  /** The host has no node image. */
  | 'no image'
  /** Host pods live in 10.244.0.0/16. */
  | 'host pods in 10.244.0.0/16'

export interface BadInput {
  readonly name: string
  /** After `knest`. `{file}` stands for a file with `file` as its content. */
  readonly argv: readonly string[]
  readonly exitCode: number
  /** Found in exactly one line of stderr, the one that begins with `error:`. */
  readonly message: RegExp
  readonly situation?: Situation
  readonly file?: string
}

const create = ['create', 'bad'] as const
const usage = 2
const hostFault = 3
const absentOrThere = 4

function cluster(text: string): string {
  return `apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\n${text}`
}

/** Bad input: one clear message, the right exit code, nothing created. Run against a fake and by e2e. */
export const badInputCases: readonly BadInput[] = [
  // Networks
  {
    name: 'pod and service CIDR overlap',
    argv: [...create, '--pod-network-cidr', '10.96.0.0/12', '--service-cidr', '10.100.0.0/16'],
    exitCode: usage,
    message: /"10\.96\.0\.0\/12" and service CIDR "10\.100\.0\.0\/16" overlap/,
  },
  {
    name: 'pod CIDR is no CIDR',
    argv: [...create, '--pod-network-cidr', 'banana'],
    exitCode: usage,
    message: /pod network CIDR "banana"/,
  },
  {
    name: 'pod CIDR without prefix',
    argv: [...create, '--pod-network-cidr', '10.200.0.0'],
    exitCode: usage,
    message: /"10\.200\.0\.0" has no prefix length/,
  },
  {
    name: 'prefix above 32',
    argv: [...create, '--pod-network-cidr', '10.200.0.0/33'],
    exitCode: usage,
    message: /above 32/,
  },
  {
    name: 'three numbers',
    argv: [...create, '--service-cidr', '10.96.0/16'],
    exitCode: usage,
    message: /has 3 of the four numbers/,
  },
  {
    name: 'octal',
    argv: [...create, '--pod-network-cidr', '010.200.0.0/16'],
    exitCode: usage,
    message: /octal/,
  },
  {
    name: 'hexadecimal',
    argv: [...create, '--service-cidr', '0x0a.1.0.0/16'],
    exitCode: usage,
    message: /hexadecimal/,
  },
  {
    name: 'number above 255',
    argv: [...create, '--pod-network-cidr', '10.300.0.0/16'],
    exitCode: usage,
    message: /300, which is above 255/,
  },
  {
    name: 'host bits in the pod CIDR',
    argv: [...create, '--pod-network-cidr', '10.200.1.2/16'],
    exitCode: usage,
    message: /host bits.*10\.200\.0\.0/,
  },
  {
    name: 'host bits in the service CIDR',
    argv: [...create, '--service-cidr', '10.96.0.1/12'],
    exitCode: usage,
    message: /host bits.*10\.96\.0\.0/,
  },
  {
    name: 'pod CIDR too small',
    argv: [...create, '--pod-network-cidr', '10.200.0.0/28'],
    exitCode: usage,
    message: /too small/,
  },
  {
    name: 'pod CIDR too small for the nodes',
    argv: [...create, '--pod-network-cidr', '10.200.0.0/22', '--worker-machine-count', '20'],
    exitCode: usage,
    message: /10\.200\.0\.0\/22/,
  },
  {
    name: 'service CIDR too small',
    argv: [...create, '--service-cidr', '10.96.0.0/30'],
    exitCode: usage,
    message: /too small/,
  },
  {
    name: 'service CIDR too large',
    argv: [...create, '--service-cidr', '172.0.0.0/8'],
    exitCode: usage,
    message: /too large/,
  },
  { name: 'IPv6', argv: [...create, '--pod-network-cidr', 'fd00::/56'], exitCode: usage, message: /IPv6/ },
  {
    name: 'dual stack',
    argv: [...create, '--service-cidr', '10.96.0.0/16,fd00::/108'],
    exitCode: usage,
    message: /dual-stack/,
  },
  {
    name: 'loopback',
    argv: [...create, '--pod-network-cidr', '127.0.0.0/16'],
    exitCode: usage,
    message: /loopback/,
  },
  {
    name: 'range to avoid',
    argv: [...create, '--pod-network-cidr', '10.50.0.0/16', '--avoid-cidr', '172.16.0.0/12,10.48.0.0/13'],
    exitCode: usage,
    message: /"10\.50\.0\.0\/16" overlaps "10\.48\.0\.0\/13"/,
  },
  {
    name: 'range to avoid is malformed',
    argv: [...create, '--avoid-cidr', '10.0.0.0/40'],
    exitCode: usage,
    message: /above 32/,
  },
  {
    name: 'pod CIDR is the host pods’',
    argv: [...create, '--pod-network-cidr', '10.244.0.0/16'],
    exitCode: hostFault,
    message: /10\.244\.0\.0\/16.*overlaps/,
    situation: 'host pods in 10.244.0.0/16',
  },

  // Names
  { name: 'upper-case name', argv: ['create', 'Quickstart'], exitCode: usage, message: /upper-case/ },
  {
    name: 'name too long',
    argv: ['create', 'a-name-that-is-much-longer-than-allowed'],
    exitCode: usage,
    message: /39 characters long, 32 are allowed/,
  },
  { name: 'name of the host', argv: ['create', 'host'], exitCode: usage, message: /embedded host/ },
  { name: 'name begins with a digit', argv: ['create', '1st'], exitCode: usage, message: /begins with "1"/ },
  {
    name: 'name with an underscore',
    argv: ['create', 'my_cluster'],
    exitCode: usage,
    message: /has "_" in it/,
  },
  { name: 'empty name', argv: ['create', ''], exitCode: usage, message: /cluster name "" is empty/ },
  { name: 'name ends with a dash', argv: ['create', 'a-'], exitCode: usage, message: /ends with "-"/ },
  {
    name: 'upper-case namespace',
    argv: [...create, '-n', 'Team_A'],
    exitCode: usage,
    message: /namespace "Team_A"/,
  },
  { name: 'two names', argv: ['create', 'a', 'b'], exitCode: usage, message: /too many arguments/ },

  // Counts and sizes
  {
    name: 'negative workers',
    argv: [...create, '--worker-machine-count', '-1'],
    exitCode: usage,
    message: /worker count -1 is below 0/,
  },
  {
    name: 'no control plane',
    argv: [...create, '--control-plane-machine-count', '0'],
    exitCode: usage,
    message: /control-plane count 0 is below 1/,
  },
  {
    name: 'even control planes',
    argv: [...create, '--control-plane-machine-count', '2'],
    exitCode: usage,
    message: /control-plane count 2 is even/,
  },
  {
    name: 'absurd control planes',
    argv: [...create, '--control-plane-machine-count', '101'],
    exitCode: usage,
    message: /control-plane count 101 is above/,
  },
  {
    name: 'absurd workers',
    argv: [...create, '--worker-machine-count', '100000'],
    exitCode: usage,
    message: /worker count 100000 is above/,
  },
  {
    name: 'count in words',
    argv: [...create, '--worker-machine-count', 'two'],
    exitCode: usage,
    message: /--worker-machine-count "two" is not a whole number/,
  },
  {
    name: 'fraction of a node',
    argv: [...create, '--worker-machine-count', '1.5'],
    exitCode: usage,
    message: /"1\.5" is not a whole number/,
  },
  {
    name: 'memory without a unit that exists',
    argv: [...create, '--worker-machine-memory-size', '4GB'],
    exitCode: usage,
    message: /"4GB" is not a Kubernetes quantity/,
  },
  {
    name: 'too little memory',
    argv: [...create, '--control-plane-machine-memory-size', '64Mi'],
    exitCode: usage,
    message: /"64Mi" is too small/,
  },
  {
    name: 'no CPU',
    argv: [...create, '--worker-machine-cpu-cores', '0'],
    exitCode: usage,
    message: /CPU cores of worker pool "worker" are 0/,
  },
  {
    name: 'CPU in words',
    argv: [...create, '--worker-machine-cpu-cores', 'many'],
    exitCode: usage,
    message: /--worker-machine-cpu-cores "many"/,
  },

  // Choices
  {
    name: 'unknown backend',
    argv: [...create, '--backend', 'docker'],
    exitCode: usage,
    message: /--backend.*'docker' is invalid/,
  },
  {
    name: 'install of something else',
    argv: ['host', 'install', 'virtink'],
    exitCode: usage,
    message: /'virtink' is invalid/,
  },
  {
    name: 'install of a KubeVirt that is no release',
    argv: ['host', 'install', 'kubevirt', '--version', 'latest', '--manifests', '.'],
    exitCode: usage,
    message: /KubeVirt version "latest"/,
  },
  {
    name: 'ssh without a node',
    argv: ['ssh', 'quickstart'],
    exitCode: usage,
    message: /no node of cluster "quickstart" is given/,
  },
  {
    name: 'ssh to a node that is not there',
    argv: ['ssh', 'quickstart', 'worker-9', '--', 'true'],
    exitCode: absentOrThere,
    message: /cluster "quickstart" has no node "quickstart-worker-9"/,
    situation: 'quickstart exists',
  },
  {
    name: 'unknown backend of the control plane',
    argv: [...create, '--control-plane-backend', 'container'],
    exitCode: usage,
    message: /--control-plane-backend.*'container' is invalid/,
  },
  {
    name: 'unknown backend of the workers',
    argv: [...create, '--worker-backend', 'kubevirt'],
    exitCode: usage,
    message: /--worker-backend.*'kubevirt' is invalid/,
  },
  {
    name: 'VM image without a VM',
    argv: [...create, '--vm-image', 'registry.example/vm:1'],
    exitCode: usage,
    message: /VM image "registry\.example\/vm:1" is given, but no node is a VM/,
  },
  {
    name: 'VM image that is none',
    argv: [...create, '--worker-backend', 'vm', '--vm-image', 'docker://vm'],
    exitCode: usage,
    message: /image "docker:\/\/vm" has a scheme/,
  },
  {
    name: 'VM control plane with less memory than kubeadm needs',
    argv: [...create, '--backend', 'vm', '--control-plane-machine-memory-size', '1Gi'],
    exitCode: usage,
    message: /memory size of control-plane "1Gi" is too small/,
  },
  {
    name: 'VM worker with too little memory',
    argv: [...create, '--worker-backend', 'vm', '--worker-machine-memory-size', '700Mi'],
    exitCode: usage,
    message: /memory size of worker pool "worker" "700Mi" is too small/,
  },
  {
    name: 'VM with half a core',
    argv: [...create, '--backend', 'vm', '--worker-machine-cpu-cores', '1.5'],
    exitCode: usage,
    message: /CPU cores of worker pool "worker" are 1\.5, but a VM has whole cores/,
  },
  {
    name: 'addresses for nodes that do not last',
    argv: [...create, '--persistent-machine-addresses', '10.1.1.1-10.1.1.5'],
    exitCode: usage,
    message: /machine addresses are given, but the nodes are not persistent/,
  },
  {
    name: 'unknown CNI',
    argv: [...create, '--cni', 'weave'],
    exitCode: usage,
    message: /CNI "weave" is not known/,
  },
  {
    name: 'unknown output',
    argv: [...create, '-o', 'xml'],
    exitCode: usage,
    message: /--output.*'xml' is invalid/,
  },
  ...[
    ['without a value', 'team', /label "team" has no value/],
    ['without a key', '=web', /label key "" has an empty part/],
    ['with a blank', 'te am=web', /label key "te am" may hold/],
    ['with a value that Kubernetes refuses', 'team=-', /value "-" of label "team" may hold/],
    [
      'that knest writes itself',
      'knest.dev/cluster=x',
      /"knest.dev\/cluster" is one that knest writes itself/,
    ],
  ].map(([what, label, message]) => ({
    name: `a label ${String(what)}`,
    argv: [...create, '--labels', String(label)],
    exitCode: usage,
    message: message as RegExp,
  })),
  {
    name: 'a label of a file that is a number',
    argv: [...create, '--from', '{file}'],
    exitCode: usage,
    file: cluster('metadata: { name: bad, labels: { job: 12 } }'),
    message: /"metadata\.labels\.job" is 12/,
  },
  {
    name: 'a label of a file that Kubernetes refuses',
    argv: [...create, '--from', '{file}'],
    exitCode: usage,
    file: cluster('metadata: { name: bad, labels: { job: "a b" } }'),
    message: /value "a b" of label "job" may hold/,
  },
  ...['list', 'delete'].map((verb) => ({
    name: `${verb} by a selector that is none`,
    argv: [verb, '-l', 'team=web,'],
    exitCode: usage,
    message: /"team=web," is not a label selector/,
  })),
  {
    name: 'delete by no label at all',
    argv: ['delete', '-l', ''],
    exitCode: usage,
    message: /the label selector of -l is empty/,
  },
  {
    name: 'delete by label and all',
    argv: ['delete', '-l', 'a=b', '--all'],
    exitCode: usage,
    message: /--selector has no meaning with --all/,
  },
  {
    name: 'delete by label and name',
    argv: ['delete', 'quickstart', '-l', 'a=b'],
    exitCode: usage,
    message: /--selector has no meaning with the name of a cluster/,
  },
  {
    name: 'labels, perhaps',
    argv: ['list', '--show-labels=perhaps'],
    exitCode: usage,
    message: /unknown option '--show-labels=perhaps'/,
  },
  {
    name: 'logs of nothing',
    argv: ['logs', 'export', 'nothing', '-'],
    exitCode: absentOrThere,
    message: /there is no cluster "nothing"/,
  },
  {
    name: 'logs of a bad name',
    argv: ['export', 'logs', 'No'],
    exitCode: usage,
    message: /cluster name "No"/,
  },
  {
    name: 'logs without a verb that there is',
    argv: ['logs', 'show'],
    exitCode: usage,
    message: /unknown command 'show'/,
  },
  {
    name: 'logs into a place that is none',
    argv: ['logs', 'export', 'quickstart', '/dev/null/a.tar.gz'],
    exitCode: hostFault,
    message: /the logs cannot be written to "\/dev\/null\/a.tar.gz"/,
    situation: 'quickstart exists',
  },
  {
    name: 'all namespaces, perhaps',
    argv: ['list', '--all-namespaces=perhaps'],
    exitCode: usage,
    message: /unknown option '--all-namespaces=perhaps'/,
  },
  {
    name: 'no headers, perhaps',
    argv: ['list', '--no-headers=perhaps'],
    exitCode: usage,
    message: /unknown option '--no-headers=perhaps'/,
  },
  {
    name: 'names of a list in a table of them',
    argv: ['host', 'status', '-o', 'names'],
    exitCode: usage,
    message: /--output.*'names' is invalid/,
  },
  {
    name: 'nodes that stay and go',
    argv: [...create, '--retain', '--rollback'],
    exitCode: usage,
    message: /--rollback has no meaning with --retain/,
  },
  {
    name: 'unknown Service type',
    argv: [...create, '--control-plane-endpoint-service-type', 'Ingress'],
    exitCode: usage,
    message: /'Ingress' is invalid/,
  },
  {
    name: 'unknown Kubernetes version',
    argv: [...create, '--kubernetes-version', '1.20.0'],
    exitCode: usage,
    message: /"1\.20\.0" is not supported/,
  },
  {
    name: 'half a Kubernetes version',
    argv: [...create, '--kubernetes-version', '1.35'],
    exitCode: usage,
    message: /"1\.35" is not a full version/,
  },
  {
    name: 'image with a blank',
    argv: [...create, '--image', 'a b'],
    exitCode: usage,
    message: /image "a b"/,
  },
  {
    name: 'two different images',
    argv: [...create, '--image', 'a:1', '--worker-machine-rootfs-image', 'b:1'],
    exitCode: usage,
    message: /different images are given: a:1, b:1/,
  },
  {
    name: 'kernel image',
    argv: [...create, '--worker-machine-kernel-image', 'k:1'],
    exitCode: usage,
    message: /--worker-machine-kernel-image has no meaning/,
  },
  {
    name: 'address range with two dashes',
    argv: [...create, '--persistent', '--persistent-machine-addresses', '10.1.1.1-10.1.1.5-10.1.1.9'],
    exitCode: usage,
    message: /more than one "-"/,
  },
  {
    name: 'StorageClass without persistence',
    argv: [...create, '--storage-class', 'fast'],
    exitCode: usage,
    message: /StorageClass "fast" is given, but the nodes are not persistent/,
  },
  {
    name: 'deletion policy without persistence',
    argv: [...create, '--deletion-policy', 'Retain'],
    exitCode: usage,
    message: /deletion policy "Retain" is given, but the nodes are not persistent/,
  },
  {
    name: 'deletion policy that there is none of',
    argv: [...create, '--deletion-policy', 'retain'],
    exitCode: usage,
    message: /'retain' is invalid.*Delete, Retain/,
  },
  {
    name: 'registry mirror without a URL',
    argv: [...create, '--registry-mirror', 'docker.io'],
    exitCode: usage,
    message: /--registry-mirror "docker\.io" is not HOST=URL/,
  },
  {
    name: 'registry mirror that is no URL',
    argv: [...create, '--registry-mirror', 'docker.io=mirror:5000'],
    exitCode: usage,
    message: /mirror "mirror:5000" of registry "docker\.io" is not a URL/,
  },
  {
    name: 'registry mirror with a password in it',
    argv: [...create, '--registry-mirror', 'docker.io=http://me:hunter2@mirror:5000'],
    exitCode: usage,
    message: /a mirror of registry "docker\.io", http:\/\/mirror:5000, has a user or password in its URL/,
  },
  {
    name: 'registry that is named twice',
    argv: [...create, '--from', '{file}'],
    file: cluster('spec: {registries: [{host: a.b, insecure: true}, {host: a.b, insecure: true}]}'),
    exitCode: usage,
    message: /registry "a\.b" is there twice/,
  },
  {
    name: 'timeout without a unit',
    argv: [...create, '--timeout', '10'],
    exitCode: usage,
    message: /--timeout "10" is not a duration/,
  },
  {
    name: 'no time',
    argv: [...create, '--timeout', '0s'],
    exitCode: usage,
    message: /--timeout "0s" is out of range/,
  },
  {
    name: 'unknown flag',
    argv: [...create, '--pod-network-cdir', '10.200.0.0/16'],
    exitCode: usage,
    message: /unknown option '--pod-network-cdir'/,
  },
  {
    name: 'flag without its value',
    argv: [...create, '--cni'],
    exitCode: usage,
    message: /argument missing/,
  },
  { name: 'unknown command', argv: ['creat', 'bad'], exitCode: usage, message: /unknown command 'creat'/ },

  // Files
  {
    name: 'file that is not there',
    argv: ['create', '--from', '/nowhere/cluster.yaml'],
    exitCode: usage,
    message: /cannot read cluster file "\/nowhere\/cluster\.yaml": .*no such file/,
  },
  {
    name: 'template that is not there',
    argv: ['create', '--from', 'templates/quikstart'],
    exitCode: usage,
    message: /neither a file "templates\/quikstart" nor a template "quikstart"/,
  },
  {
    name: 'file that is not YAML',
    argv: ['create', '--from', '{file}'],
    file: 'kind: [NestedCluster\nspec: }',
    exitCode: usage,
    message: /is not YAML: line \d+/,
  },
  {
    name: 'file of another kind',
    argv: ['create', '--from', '{file}'],
    file: 'apiVersion: v1\nkind: Pod\n',
    exitCode: usage,
    message: /holds no NestedCluster: its kind is "Pod"/,
  },
  {
    name: 'file with an unknown field',
    argv: ['create', '--cluster-template', '{file}'],
    file: cluster('spec:\n  network:\n    podCdir: 10.200.0.0/16\n'),
    exitCode: usage,
    message: /podCdir" is not a known field/,
  },
  {
    name: 'file with a wrong type',
    argv: ['create', '--from', '{file}'],
    file: cluster('spec:\n  controlPlane:\n    count: one\n'),
    exitCode: usage,
    message: /count" is "one"/,
  },
  {
    name: 'file that names another cluster',
    argv: ['create', 'bad', '--from', '{file}'],
    file: cluster('metadata:\n  name: other\n'),
    exitCode: usage,
    message: /the file names cluster "other", the command line "bad"/,
  },
  {
    name: 'file that names another namespace',
    argv: ['create', '-n', 'here', '--from', '{file}'],
    file: cluster('metadata:\n  name: bad\n  namespace: there\n'),
    exitCode: usage,
    message: /the file names namespace "there", the command line "here"/,
  },
  {
    name: 'file that is a URL',
    argv: ['create', '--from', 'https://example.com/cluster.yaml'],
    exitCode: usage,
    message: /is a URL/,
  },
  {
    name: 'empty file',
    argv: ['create', '--from', '{file}'],
    file: '',
    exitCode: usage,
    message: /is empty/,
  },

  // The host
  {
    name: 'unreachable host',
    argv: [...create],
    exitCode: hostFault,
    message: /reach|refused/,
    situation: 'host unreachable',
  },
  {
    name: 'host that forbids',
    argv: [...create],
    exitCode: hostFault,
    message: /not|forbid/,
    situation: 'host forbids',
  },
  {
    name: 'context that is not there',
    argv: [...create, '--context', 'nowhere'],
    exitCode: usage,
    message: /context "nowhere"/,
    situation: 'no such context',
  },
  {
    name: 'host without the image',
    argv: [...create],
    exitCode: hostFault,
    message: /image/,
    situation: 'no image',
  },
  {
    name: 'cluster that exists',
    argv: ['create', 'quickstart'],
    exitCode: absentOrThere,
    message: /cluster "quickstart" exists/,
    situation: 'quickstart exists',
  },

  // Scale and the other commands
  {
    name: 'apply without a file',
    argv: ['apply'],
    exitCode: usage,
    message: /required option '-f, --filename <file>' not specified/,
  },
  {
    name: 'plan of a file that is not there',
    argv: ['plan', '-f', '/nonexistent/cluster.yaml'],
    exitCode: usage,
    message: /cannot read cluster file "\/nonexistent\/cluster.yaml"/,
  },
  {
    name: 'apply of another kind of object',
    argv: ['apply', '-f', '{file}'],
    file: 'apiVersion: v1\nkind: ConfigMap\n',
    exitCode: usage,
    message: /holds no NestedCluster: its kind is "ConfigMap"/,
  },
  {
    name: 'scale to a bare number',
    argv: ['scale', 'quickstart', '3'],
    exitCode: usage,
    message: /scale "3" has no ":"/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale to letters',
    argv: ['scale', 'quickstart', 'a:b'],
    exitCode: usage,
    message: /has "a" where a whole number belongs/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale to nothing',
    argv: ['scale', 'quickstart', ':'],
    exitCode: usage,
    message: /scale ":" changes nothing/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale to three numbers',
    argv: ['scale', 'quickstart', '3:3:3'],
    exitCode: usage,
    message: /has more than one ":"/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale without counts',
    argv: ['scale', 'quickstart'],
    exitCode: usage,
    message: /nothing to scale is given/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale below zero',
    argv: ['scale', 'quickstart', '1:-1'],
    exitCode: usage,
    message: /negative number "-1"/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale to no control plane',
    argv: ['scale', 'quickstart', '0:1'],
    exitCode: usage,
    message: /control-plane count 0 is below 1/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale to even control planes',
    argv: ['scale', 'quickstart', '2:'],
    exitCode: usage,
    message: /control-plane count 2 is even/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale to absurd numbers',
    argv: ['scale', 'quickstart', ':5000'],
    exitCode: usage,
    message: /5000/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale one side twice',
    argv: ['scale', 'quickstart', ':2', '--worker-machine-count', '3'],
    exitCode: usage,
    message: /two counts are given/,
    situation: 'quickstart exists',
  },
  {
    name: 'scale a cluster that is not there',
    argv: ['scale', 'absent', '1:2'],
    exitCode: absentOrThere,
    message: /no cluster "absent"/,
    situation: 'quickstart exists',
  },
  {
    name: 'load without an image',
    argv: ['load', 'quickstart'],
    exitCode: usage,
    message: /missing required argument 'image'/,
    situation: 'quickstart exists',
  },
  {
    name: 'load an archive that is not there',
    argv: ['load', 'quickstart', './none.tar'],
    exitCode: usage,
    message: /archive "\.\/none\.tar" cannot be read: there is no such file/,
    situation: 'quickstart exists',
  },
  {
    name: 'load standard input twice',
    argv: ['load', 'quickstart', '-', '-'],
    exitCode: usage,
    message: /standard input can be read once/,
    situation: 'quickstart exists',
  },
  {
    name: 'load into a node that is not there',
    argv: ['load', 'quickstart', '-', '--node', 'quickstart-worker-9'],
    exitCode: absentOrThere,
    message: /no node "quickstart-worker-9"/,
    situation: 'quickstart exists',
  },
  {
    name: 'load from an engine that nobody knows',
    argv: ['load', 'quickstart', 'app:dev', '--engine', 'rkt'],
    exitCode: usage,
    message: /'rkt' is invalid/,
    situation: 'quickstart exists',
  },
  {
    name: 'load into a cluster that is not there',
    argv: ['load', 'absent', '-'],
    exitCode: absentOrThere,
    message: /no cluster "absent"/,
    situation: 'quickstart exists',
  },
  {
    name: 'images of a cluster that is not there',
    argv: ['images', 'absent'],
    exitCode: absentOrThere,
    message: /no cluster "absent"/,
    situation: 'quickstart exists',
  },
  {
    name: 'remove an image that was not loaded',
    argv: ['images', 'rm', 'quickstart', 'app:dev'],
    exitCode: absentOrThere,
    message: /image "app:dev" was not loaded into cluster "quickstart"/,
    situation: 'quickstart exists',
  },
  {
    name: 'another storage than there is',
    argv: [...create, '--default-storage', 'longhorn'],
    exitCode: usage,
    message: /'longhorn' is invalid/,
  },
  {
    name: 'another storage in a file',
    argv: ['create', '--from', '{file}'],
    exitCode: usage,
    file: cluster('spec: { addons: { storage: localpath } }'),
    message: /"spec\.addons\.storage" is "localpath"/,
  },
  {
    name: 'an add-on that there is not',
    argv: ['create', '--from', '{file}'],
    exitCode: usage,
    file: cluster('spec: { addons: { storge: none } }'),
    message: /"spec\.addons\.storge" is not a known field/,
  },
  {
    name: 'a time to live that is none',
    argv: [...create, '--ttl', 'soon'],
    exitCode: usage,
    message: /ttl "soon" is not a duration/,
  },
  {
    name: 'a time to live in days',
    argv: [...create, '--ttl', '2d'],
    exitCode: usage,
    message: /ttl "2d" is not a duration/,
  },
  {
    name: 'a time to live that is over at once',
    argv: ['create', '--from', '{file}'],
    exitCode: usage,
    file: cluster('spec: { ttl: 10s }'),
    message: /ttl "10s" is shorter than a cluster needs/,
  },
  {
    name: 'a time to live without a unit',
    argv: ['create', '--from', '{file}'],
    exitCode: usage,
    file: cluster('spec: { ttl: 3600 }'),
    message: /"spec\.ttl" is 3600/,
  },
  ...['job', 'pod/', 'pod/No', 'job/x', 'pod/a/b/c', 'pod/../x', ''].map((pod) => ({
    name: `deleted with "${pod}"`,
    argv: [...create, '--delete-with', pod],
    exitCode: usage,
    message: /--delete-with ".*" names no pod/,
  })),
  {
    name: 'deleted with a pod that is not there',
    argv: [...create, '--delete-with', 'pod/no-such-pod'],
    exitCode: absentOrThere,
    message: /the host has no pod "no-such-pod" in namespace "default"/,
  },
  {
    name: 'deleted with a pod without a uid',
    argv: [...create, '--from', '{file}'],
    exitCode: usage,
    file: cluster('spec: { deleteWith: { kind: Pod, name: job } }'),
    message: /"spec\.deleteWith\.uid" is missing/,
  },
  {
    name: 'deleted with another kind',
    argv: [...create, '--from', '{file}'],
    exitCode: usage,
    file: cluster('spec: { deleteWith: { kind: Job, name: job, uid: a } }'),
    message: /"spec\.deleteWith\.kind" is "Job", which is not known/,
  },
  {
    name: 'longer by nothing that is a time',
    argv: ['extend', 'quickstart', 'banana'],
    exitCode: usage,
    message: /duration "banana" is not a duration/,
    situation: 'quickstart exists',
  },
  {
    name: 'longer by less than nothing',
    argv: ['extend', 'quickstart', '0s'],
    exitCode: usage,
    message: /duration "0s" is out of range/,
    situation: 'quickstart exists',
  },
  {
    name: 'extend without a time',
    argv: ['extend', 'quickstart'],
    exitCode: usage,
    message: /missing required argument 'duration'/,
    situation: 'quickstart exists',
  },
  {
    name: 'extend nothing',
    argv: ['extend', 'absent', '1h'],
    exitCode: absentOrThere,
    message: /no cluster "absent"/,
  },
  {
    name: 'status of nothing',
    argv: ['status', 'absent'],
    exitCode: absentOrThere,
    message: /no cluster "absent"/,
  },
  {
    name: 'kubeconfig of nothing',
    argv: ['kubeconfig', 'absent'],
    exitCode: absentOrThere,
    message: /no cluster "absent"/,
  },
  {
    name: 'shell into nothing',
    argv: ['shell', 'absent'],
    exitCode: absentOrThere,
    message: /no cluster "absent"/,
  },
  {
    name: 'delete nothing',
    argv: ['delete', 'absent'],
    exitCode: absentOrThere,
    message: /no cluster "absent"/,
  },
  {
    name: 'delete without a name',
    argv: ['delete'],
    exitCode: usage,
    message: /missing required argument 'name'/,
  },
  {
    name: 'delete a cluster and all',
    argv: ['delete', 'quickstart', '--all'],
    exitCode: usage,
    message: /--all has no meaning with the name of a cluster/,
    situation: 'quickstart exists',
  },
  {
    name: 'delete all with nobody to ask',
    argv: ['delete', '--all'],
    exitCode: usage,
    message: /--all asks before it deletes, and there is nobody to ask/,
    situation: 'quickstart exists',
  },
  {
    name: 'delete two, one with a bad name',
    argv: ['delete', 'quickstart', 'No'],
    exitCode: usage,
    message: /cluster name "No"/,
    situation: 'quickstart exists',
  },
  {
    name: 'one chart for two clusters',
    argv: ['delete', 'quickstart', 'absent', '--timing-svg', 'chart.svg'],
    exitCode: usage,
    message: /--timing-svg is for one cluster/,
    situation: 'quickstart exists',
  },
  { name: 'status of a bad name', argv: ['status', 'No'], exitCode: usage, message: /cluster name "No"/ },
  { name: 'unknown shell', argv: ['completion', 'tcsh'], exitCode: usage, message: /'tcsh' is invalid/ },
  {
    name: 'unknown engine',
    argv: ['host', 'up', '--engine', 'lxc'],
    exitCode: usage,
    message: /'lxc' is invalid/,
  },
  {
    name: 'load no image',
    argv: ['host', 'load'],
    exitCode: usage,
    message: /missing required argument 'image'/,
  },
]
