import type { Clusters } from './contracts/clusters.js'
import type { Parts } from './contracts/parts.js'
import { accessOperation } from './operations/access.js'
import { applyOperation } from './operations/apply.js'
import { certificatesOperation } from './operations/certificates.js'
import { createOperation } from './operations/create.js'
import { deleteOperation } from './operations/delete.js'
import { doctorOperation } from './operations/doctor.js'
import { createExclusive } from './operations/exclusive.js'
import { exportLogsOperation } from './operations/export-logs.js'
import { extendOperation } from './operations/extend.js'
import { findOperation } from './operations/find.js'
import { imagesOperation } from './operations/images.js'
import { loadOperation } from './operations/load.js'
import { openPortOperation } from './operations/open-port.js'
import { ownerOperation } from './operations/owner.js'
import { pauseOperation } from './operations/pause.js'
import { reconcileOperation } from './operations/reconcile.js'
import { scaleOperation } from './operations/scale.js'
import { upgradeOperation } from './operations/upgrade.js'

/** The nested clusters of one home. Every call may be interrupted and made again. */
export function createClusters(parts: Parts): Clusters {
  const tools = { parts, exclusive: createExclusive(parts) }
  const create = createOperation(tools)
  const remove = deleteOperation(tools)
  const found = findOperation(tools)
  const access = accessOperation(tools)
  const certificates = certificatesOperation(tools)
  return {
    ...create,
    ...applyOperation(tools, create),
    ...scaleOperation(tools),
    ...upgradeOperation(tools),
    ...pauseOperation(tools),
    ...extendOperation(tools),
    ...ownerOperation(tools),
    ...reconcileOperation(tools, remove),
    ...remove,
    ...found,
    ...access,
    ...openPortOperation(access),
    ...certificates,
    ...exportLogsOperation(tools, { ...found, ...access, ...certificates }),
    ...doctorOperation(tools),
    ...loadOperation(tools),
    ...imagesOperation(tools),
  }
}
