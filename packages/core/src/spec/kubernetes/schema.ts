import { z } from 'zod'

const nameAndValue = z.strictObject({ name: z.string(), value: z.string() })
const extraArgs = z
  .array(nameAndValue)
  .meta({ description: 'Flags without their dashes; a name may be there several times' })
  .optional()
const extraEnvs = z.array(nameAndValue).meta({ description: 'Environment variables' }).optional()
const extraVolumes = z
  .array(
    z.strictObject({
      name: z.string(),
      hostPath: z.string().meta({ description: 'On the node' }),
      mountPath: z.string().meta({ description: 'In the static pod' }),
      readOnly: z.boolean().optional(),
      pathType: z
        .enum([
          '',
          'DirectoryOrCreate',
          'Directory',
          'FileOrCreate',
          'File',
          'Socket',
          'CharDevice',
          'BlockDevice',
        ])
        .optional(),
    }),
  )
  .meta({ description: 'Files and folders of the node for its static pod' })
  .optional()

const component = { extraArgs, extraEnvs, extraVolumes }
const keyOfObject = z.strictObject({ name: z.string(), key: z.string() })
const anything = z.record(z.string(), z.unknown())

/** Kubernetes' own settings. What the version takes is not in it: `kubernetesProblems` knows. */
export const kubernetesSchema = z
  .strictObject({
    featureGates: z
      .record(z.string(), z.boolean())
      .meta({ description: 'Of every component, as in KubeletPSI: true' })
      .optional(),
    runtimeConfig: z
      .record(z.string(), z.string())
      .meta({ description: 'What the API serves, as in api/alpha: "true"' })
      .optional(),
    apiServer: z
      .strictObject({
        ...component,
        certSANs: z
          .array(z.string())
          .meta({ description: 'Names and addresses that its certificate has besides' })
          .optional(),
      })
      .optional(),
    controllerManager: z.strictObject(component).optional(),
    scheduler: z.strictObject(component).optional(),
    etcd: z.strictObject({ extraArgs, extraEnvs }).optional(),
    kubelet: anything.meta({ description: 'Fields of KubeletConfiguration' }).optional(),
    kubeProxy: anything.meta({ description: 'Fields of KubeProxyConfiguration' }).optional(),
    files: z
      .array(
        z.strictObject({
          path: z.string().meta({ description: 'Below /etc/kubernetes of every control plane' }),
          content: z.string().optional(),
          configMap: keyOfObject.meta({ description: "In the cluster's namespace" }).optional(),
          secret: keyOfObject.meta({ description: "In the cluster's namespace" }).optional(),
        }),
      )
      .meta({ description: 'What every control plane has before kubeadm runs' })
      .optional(),
  })
  .meta({ description: "Kubernetes' own settings, in the words of kubeadm, kubelet and kube-proxy" })
