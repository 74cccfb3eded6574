/** Kubernetes' own settings of a nested cluster, in the words of kubeadm (v1beta4), kubelet and kube-proxy. */
export interface KubernetesSettings {
  /** Of every component: API server, controller manager, scheduler, kubelet and kube-proxy. */
  readonly featureGates?: Readonly<Record<string, boolean>> | undefined
  /** As the API server's flag has it: `api/all` or `GROUP/VERSION` to `true` or `false`. */
  readonly runtimeConfig?: Readonly<Record<string, string>> | undefined
  readonly apiServer?: ApiServerSettings | undefined
  readonly controllerManager?: ComponentSettings | undefined
  readonly scheduler?: ComponentSettings | undefined
  readonly etcd?: Pick<ComponentSettings, 'extraArgs' | 'extraEnvs'> | undefined
  /** Fields of KubeletConfiguration, laid over knest's. */
  readonly kubelet?: Readonly<Record<string, unknown>> | undefined
  /** Fields of KubeProxyConfiguration, laid over knest's. */
  readonly kubeProxy?: Readonly<Record<string, unknown>> | undefined
  /** What every control plane has on its disk before kubeadm runs. */
  readonly files?: readonly SettingsFile[] | undefined
}

export interface ComponentSettings {
  /** A name may be there several times. */
  readonly extraArgs?: readonly NameAndValue[] | undefined
  readonly extraEnvs?: readonly NameAndValue[] | undefined
  readonly extraVolumes?: readonly ExtraVolume[] | undefined
}

interface ApiServerSettings extends ComponentSettings {
  /** Names and addresses that its certificate has besides. */
  readonly certSANs?: readonly string[] | undefined
}

export interface NameAndValue {
  readonly name: string
  readonly value: string
}

export interface ExtraVolume {
  readonly name: string
  readonly hostPath: string
  readonly mountPath: string
  readonly readOnly?: boolean | undefined
  readonly pathType?: string | undefined
}

/** One of `content`, `configMap` and `secret` is there. */
export interface SettingsFile {
  /** Absolute. */
  readonly path: string
  readonly content?: string | undefined
  readonly configMap?: KeyOfObject | undefined
  readonly secret?: KeyOfObject | undefined
}

/** A key of a ConfigMap or Secret in the cluster's namespace on the host. */
interface KeyOfObject {
  readonly name: string
  readonly key: string
}

/** How far a change of the settings of a living cluster has come. */
export interface SettingsChange {
  /** What nodes may still have beside those of the record's spec, oldest first. Absent: a change has come to its end. */
  readonly before?: readonly KubernetesSettings[] | undefined
  /** What an object asks for and did not work: it is not tried again before it asks for something else. */
  readonly refused?: RefusedSettings | undefined
}

interface RefusedSettings {
  readonly digest: string
  readonly message: string
}
