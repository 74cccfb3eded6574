import { version } from './version.js'

export const controllerImage = `localhost/knest/controller:v${version}`
