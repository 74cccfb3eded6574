import { KnestError } from '../errors.js'

/** A component did not come up with other settings. The node, or the cluster, has the former ones of it again. */
export class SettingsRefused extends KnestError {
  override readonly name = 'SettingsRefused'

  constructor(message: string, hint?: string) {
    super('config', message, { hint })
  }
}
