/** How nodes reach a registry: of plain data, and nothing secret. */
export interface RegistrySpec {
  /** As names of images begin, as in `docker.io` or `registry.example:5000`; `*`: every registry that is not named. */
  readonly host: string
  /** URLs that are asked before the registry itself, in this order. */
  readonly mirrors?: readonly string[] | undefined
  /** What signs the certificates of the registry and its mirrors, besides those that everybody trusts. */
  readonly ca?: RegistryCa | undefined
  /** A Secret of the host, in the cluster's namespace, of type `kubernetes.io/dockerconfigjson` or `basic-auth`. */
  readonly credentials?: { readonly secretRef: { readonly name: string } } | undefined
  /** Certificates of the registry and its mirrors are not looked at. */
  readonly insecure?: boolean | undefined
}

/** One of these; a key that is not named is `ca.crt`. The objects are the host's, in the cluster's namespace. */
export interface RegistryCa {
  readonly pem?: string | undefined
  readonly secretKeyRef?: KeyRef | undefined
  readonly configMapKeyRef?: KeyRef | undefined
}

interface KeyRef {
  readonly name: string
  readonly key?: string | undefined
}

/** A Secret or ConfigMap of the host, decoded. */
export interface HostData {
  readonly data: Readonly<Record<string, string>>
}
