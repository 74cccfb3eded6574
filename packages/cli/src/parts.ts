/**
 * The one place that knows all parts. Each is loaded when it is first needed, so that `--help` and
 * completion load none.
 */
export const parts = {
  spec: () => import('./parts/spec.js'),
  kubeconfigs: () => import('./kubeconfig/index.js'),
  manifests: () => import('./parts/manifests.js'),
  templates: () => import('./parts/templates.js'),
  clusters: () => import('./parts/clusters.js'),
  hostControl: () => import('./parts/host-control.js'),
} as const
