/** The backend whose nodes are containers of this machine, and the embedded host that is made of them. */
export * from '@knest/container-node'
