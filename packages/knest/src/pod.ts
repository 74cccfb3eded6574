/** The backend whose nodes are privileged pods of the host. */
export * from '@knest/pod-node'
