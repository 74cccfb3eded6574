/** Parts that are loaded when they are first needed, so that `--help` and completion load none. */
export const parts = {
  spec: () => import('knest/spec'),
  kubeconfigs: () => import('./kubeconfig/index.js'),
  manifests: () => import('knest/manifests'),
  templates: () => import('./parts/templates.js'),
} as const
