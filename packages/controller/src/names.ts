/** Where the controller lives on a host. */
export const controllerNamespace = 'knest-system'
export const controllerName = 'knest-controller'
/** Port of metrics and probes. */
export const controllerPort = 8080
