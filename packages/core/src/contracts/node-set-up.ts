/** What makes a node set itself up, for the backend that makes the node's host object. */
export interface NodeSetUp {
  /** Instead of the image's own entry point. */
  readonly command: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly volumes: readonly {
    readonly name: string
    readonly mountPath: string
    /** As in a pod: `{ configMap: … }`. */
    readonly source: Readonly<Record<string, unknown>>
  }[]
}
