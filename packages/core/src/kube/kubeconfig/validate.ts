import { closeSync, openSync } from 'node:fs'
import type { ClusterEntry, ExecConfig, UserEntry } from './model.js'
import { proxyUrlFault } from '../proxy/proxy-url.js'

/** What kubectl refuses in the cluster of the chosen context. Sentence parts; empty when it is usable. */
export function clusterFaults(cluster: ClusterEntry): readonly string[] {
  const faults: string[] = []
  if (cluster.server === '') faults.push('has no server')
  if (cluster.proxyUrl !== '') {
    const fault = proxyUrlFault(cluster.proxyUrl)
    if (fault !== undefined) faults.push(`has a proxy-url that ${fault}`)
  }
  if (cluster.certificateAuthority !== '' && cluster.certificateAuthorityData.length > 0)
    faults.push('has both certificate-authority and certificate-authority-data')
  faults.push(...unreadable('certificate-authority', cluster.certificateAuthority))
  return faults
}

/** What kubectl refuses in the user of the chosen context. */
export function userFaults(user: UserEntry): readonly string[] {
  const faults: string[] = []
  const hasCertificate = user.clientCertificate !== '' || user.clientCertificateData.length > 0
  if (hasCertificate) {
    if (user.clientCertificate !== '' && user.clientCertificateData.length > 0)
      faults.push('has both client-certificate and client-certificate-data')
    if (user.clientKey !== '' && user.clientKeyData.length > 0)
      faults.push('has both client-key and client-key-data')
    if (user.clientKey === '' && user.clientKeyData.length === 0)
      faults.push('has a client certificate without client-key or client-key-data')
    faults.push(...unreadable('client-certificate', user.clientCertificate))
    faults.push(...unreadable('client-key', user.clientKey))
  }
  if (user.exec !== undefined) {
    if (user.authProvider !== undefined) faults.push('has both auth-provider and exec')
    faults.push(...execFaults(user.exec))
  }
  if (user.token !== '' && (user.username !== '' || user.password !== ''))
    faults.push('has both a token and a user name with a password')
  const asMore = user.asUid !== '' || user.asGroups.length > 0 || user.asUserExtra.size > 0
  if (asMore && user.as === '') faults.push('has as-uid, as-groups or as-user-extra without "as"')
  return faults
}

function execFaults(exec: ExecConfig): readonly string[] {
  const faults: string[] = []
  if (exec.command === '') faults.push('has a login plugin (exec) without command')
  if (exec.apiVersion === '') faults.push('has a login plugin (exec) without apiVersion')
  else if (!execVersions.includes(exec.apiVersion))
    faults.push(
      `has a login plugin (exec) of apiVersion ${exec.apiVersion}, which must be ${execVersions.join(' or ')}`,
    )
  if (exec.env.some(({ name }) => name === ''))
    faults.push('has a login plugin (exec) with an env without name')
  if (exec.interactiveMode === '') faults.push('has a login plugin (exec) without interactiveMode')
  else if (!['Never', 'IfAvailable', 'Always'].includes(exec.interactiveMode))
    faults.push('has a login plugin (exec) whose interactiveMode is not Never, IfAvailable or Always')
  return faults
}

const execVersions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']

function unreadable(field: string, file: string): readonly string[] {
  if (file === '') return []
  try {
    closeSync(openSync(file, 'r'))
    return []
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return [`has a ${field} "${file}" that ${missing ? 'does not exist' : 'cannot be read'}`]
  }
}
