/** A kubeconfig as kubectl understands it: fields it does not know are left out, absent texts are empty. */
export interface Kubeconfig {
  readonly currentContext: string
  readonly clusters: ReadonlyMap<string, ClusterEntry>
  readonly users: ReadonlyMap<string, UserEntry>
  readonly contexts: ReadonlyMap<string, ContextEntry>
}

export interface ClusterEntry {
  readonly server: string
  readonly tlsServerName: string
  readonly insecureSkipTlsVerify: boolean
  readonly certificateAuthority: string
  readonly certificateAuthorityData: Buffer
  readonly proxyUrl: string
  readonly disableCompression: boolean
  readonly extensions: ReadonlyMap<string, unknown>
}

export interface UserEntry {
  readonly clientCertificate: string
  readonly clientCertificateData: Buffer
  readonly clientKey: string
  readonly clientKeyData: Buffer
  readonly token: string
  readonly tokenFile: string
  readonly as: string
  readonly asUid: string
  readonly asGroups: readonly string[]
  readonly asUserExtra: ReadonlyMap<string, readonly string[]>
  readonly username: string
  readonly password: string
  readonly authProvider: AuthProvider | undefined
  readonly exec: ExecConfig | undefined
}

export interface AuthProvider {
  readonly name: string
  readonly config: ReadonlyMap<string, string>
}

/** A login plugin. */
export interface ExecConfig {
  readonly command: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly apiVersion: string
  readonly installHint: string
  readonly provideClusterInfo: boolean
  readonly interactiveMode: string
}

export interface ContextEntry {
  readonly cluster: string
  readonly user: string
  readonly namespace: string
  readonly extensions: ReadonlyMap<string, unknown>
}
