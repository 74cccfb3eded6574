import { z } from 'zod'

/** What kind's config file may have: kind.x-k8s.io/v1alpha4, as kind v0.30 reads it. */

const patch6902 = z.strictObject({
  group: z.string(),
  version: z.string(),
  kind: z.string(),
  patch: z.string(),
})

const mount = z.strictObject({
  hostPath: z.string().optional(),
  containerPath: z.string().optional(),
  readOnly: z.boolean().optional(),
  selinuxRelabel: z.boolean().optional(),
  propagation: z.string().optional(),
})

const portMapping = z.strictObject({
  containerPort: z.number().optional(),
  hostPort: z.number().optional(),
  listenAddress: z.string().optional(),
  protocol: z.string().optional(),
})

const kubeadmPatches = {
  kubeadmConfigPatches: z.array(z.string()).optional(),
  kubeadmConfigPatchesJSON6902: z.array(patch6902).optional(),
}

const node = z.strictObject({
  role: z.enum(['control-plane', 'worker']).optional(),
  image: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  extraMounts: z.array(mount).optional(),
  extraPortMappings: z.array(portMapping).optional(),
  ...kubeadmPatches,
})

const networking = z.strictObject({
  ipFamily: z.enum(['ipv4', 'ipv6', 'dual']).optional(),
  apiServerPort: z.number().optional(),
  apiServerAddress: z.string().optional(),
  podSubnet: z.string().optional(),
  serviceSubnet: z.string().optional(),
  disableDefaultCNI: z.boolean().optional(),
  kubeProxyMode: z.string().optional(),
  dnsSearch: z.array(z.string()).optional(),
})

export const kindFileSchema = z.strictObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string().optional(),
  nodes: z.array(node).optional(),
  networking: networking.optional(),
  featureGates: z.record(z.string(), z.boolean()).optional(),
  runtimeConfig: z.record(z.string(), z.string()).optional(),
  ...kubeadmPatches,
  containerdConfigPatches: z.array(z.string()).optional(),
  containerdConfigPatchesJSON6902: z.array(z.string()).optional(),
})

export type KindFile = z.infer<typeof kindFileSchema>
export type KindNode = z.infer<typeof node>
export type KindPatches = Pick<KindFile, keyof typeof kubeadmPatches>
