import type { KubeObject } from '@knest/core'

/** A small image that every node has: no registry is reached. */
const image = 'localhost/knest/busybox:1'

/** A pod, on a certain node or any, that answers HTTP with its own name, and has a shell. */
export function webPod(
  name: string,
  node: string | undefined,
  labels: Readonly<Record<string, string>> = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'web', ...labels } },
    spec: {
      ...(node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': node } }),
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'web',
          image,
          imagePullPolicy: 'Never',
          command: [
            'sh',
            '-c',
            'mkdir -p /www && hostname > /www/index.html && echo serving && exec busybox httpd -f -p 8080 -h /www',
          ],
          readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
        },
      ],
    },
  }
}
