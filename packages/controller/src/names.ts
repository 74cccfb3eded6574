import { controllerAccount } from '@knest/core'

/** Where the controller lives on a host. */
export const controllerNamespace = controllerAccount.namespace
export const controllerName = controllerAccount.name
/** Port of metrics and probes. */
export const controllerPort = 8080
