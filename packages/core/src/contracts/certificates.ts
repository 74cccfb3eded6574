/** What somebody proves with who it is: a client, a server, or both. */
export interface Certificate {
  /** The node it lies on; undefined for the stored kubeconfig, which lies on none. */
  readonly node: string | undefined
  /** As kubeadm calls it, as in `apiserver` or `admin.conf`; else `kubelet-client` or `kubeconfig`. */
  readonly name: string
  /** RFC 3339. */
  readonly expires: string
  /** Whole days from the moment it was read; negative when it has expired. */
  readonly daysLeft: number
  /** The authority that signs it: `ca`, `etcd-ca` or `front-proxy-ca`. */
  readonly ca: string
  /** Kubelets renew theirs by themselves; knest does it when one was switched off for too long. */
  readonly renewedBy: 'knest' | 'kubelet'
}

export interface AuthorityCertificate {
  readonly name: string
  /** RFC 3339. */
  readonly expires: string
  readonly daysLeft: number
}

export interface ClusterCertificates {
  /** knest renews what ends within so many days. */
  readonly renewBeforeDays: number
  readonly certificates: readonly Certificate[]
  readonly authorities: readonly AuthorityCertificate[]
  /** Nodes on which a renewal has begun and not ended. */
  readonly unfinished: readonly string[]
  /** Nodes that could not be asked and certificates that could not be read, a sentence part each. */
  readonly problems: readonly string[]
}

export interface RenewRequest {
  /** Also those that are far from their end. */
  readonly all: boolean
}

/** All certificates as they are afterwards. */
export interface RenewedCertificates extends ClusterCertificates {
  /** Those that are new. */
  readonly renewed: readonly Certificate[]
}
