import type { KubeObject } from 'knest'

/** Ways in which a pod writes without end: at once or bit by bit, to its layer or a volume. */
const ways = [
  'busybox dd if=/dev/zero of=/file bs=1M',
  'busybox dd if=/dev/zero of=/volume/file bs=1M',
  'while :; do busybox dd if=/dev/zero of=/file bs=1M count=50 conv=notrunc oflag=append; done',
] as const

/** A pod that fills its node's disk, each round in another way, and stays when there is nothing left to write to. */
export function fillerPod(name: string, round: number): KubeObject {
  const way = ways[round % ways.length] ?? ways[0]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
      volumes: [{ name: 'volume', emptyDir: {} }],
      containers: [
        {
          name: 'filler',
          image: 'localhost/knest/busybox:1',
          imagePullPolicy: 'Never',
          command: ['sh', '-c', `${way}; busybox sleep 3600`],
          volumeMounts: [{ name: 'volume', mountPath: '/volume' }],
        },
      ],
    },
  }
}
