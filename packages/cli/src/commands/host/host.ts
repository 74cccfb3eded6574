import { Command } from 'commander'
import type { Deps } from '../../deps.js'
import { hostDownCommand } from './down.js'
import { hostInstallCommand } from './install.js'
import { hostLoadCommand } from './load.js'
import { hostRoleCommand } from './role.js'
import { hostStatusCommand } from './status.js'
import { hostUninstallCommand } from './uninstall.js'
import { hostUpCommand } from './up.js'

export function hostCommand(deps: Deps): Command {
  return new Command('host')
    .description(
      'run a host cluster in containers of this machine; install KubeVirt and the controller on any, print rights for its users',
    )
    .addCommand(hostUpCommand(deps))
    .addCommand(hostStatusCommand(deps))
    .addCommand(hostLoadCommand(deps))
    .addCommand(hostRoleCommand(deps))
    .addCommand(hostInstallCommand(deps))
    .addCommand(hostUninstallCommand(deps))
    .addCommand(hostDownCommand(deps))
}
