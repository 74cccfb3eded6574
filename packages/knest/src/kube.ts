/** The Kubernetes client that knest uses, for the host and for nested clusters, and kubeconfigs as text. */
export * from '@knest/core/kube'
