/** The backend whose nodes are KubeVirt virtual machines of the host. */
export * from '@knest/kubevirt-vm-node'
