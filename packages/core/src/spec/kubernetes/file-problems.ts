import type { SettingsFile } from '../../contracts/kubernetes-settings.js'
import type { Problem } from '../../errors.js'
import { problemOf } from './problem-of.js'

const folder = '/etc/kubernetes/'
/** What kubeadm and knest write themselves. */
const owned = [
  /^\/etc\/kubernetes\/[^/]*\.conf(\..*)?$/,
  /^\/etc\/kubernetes\/(manifests|knest-[^/]*|tmp)(\/|$)/,
  /^\/etc\/kubernetes\/knest-/,
  /^\/etc\/kubernetes\/pki\/(etcd\/|(ca|sa|front-proxy-[^/]*|apiserver[^/]*)\.(crt|key|pub)$)/,
]
/** As etcd takes it of one object, with room for the rest of the cluster's. */
const mostBytes = 512 * 1024

/** What is against files for control planes. Pure. */
export function fileProblems(files: readonly SettingsFile[]): readonly Problem[] {
  const inline = files.reduce((sum, { content = '' }) => sum + Buffer.byteLength(content), 0)
  const size =
    inline > mostBytes
      ? [
          problemOf(
            `the files of spec.kubernetes.files have ${inline} bytes, ${mostBytes} are allowed`,
            'put them into ConfigMaps or Secrets of the host',
          ),
        ]
      : []
  return [...files.flatMap((file, index) => ofOne(file, files.slice(0, index))), ...size]
}

function ofOne(file: SettingsFile, before: readonly SettingsFile[]): readonly Problem[] {
  const { path } = file
  const what = `file "${path}" of spec.kubernetes.files`
  const sources = [file.content, file.configMap, file.secret].filter((source) => source !== undefined)
  const isTwice = before.some((other) => other.path === path)
  return [
    ...pathProblems(path, what),
    ...(isTwice ? [problemOf(`${what} is there more than once`, 'keep one of them')] : []),
    ...(sources.length === 1
      ? []
      : [
          problemOf(
            `${what} has ${sources.length === 0 ? 'no content' : 'several contents'}`,
            'give one of content, configMap and secret',
          ),
        ]),
  ]
}

function pathProblems(path: string, what: string): readonly Problem[] {
  const isPlain = !/(^|\/)(\.{1,2}|)(\/|$)/.test(path.slice(1)) && !/[\0\n]/.test(path)
  if (!path.startsWith(folder) || !isPlain)
    return [problemOf(`${what} is not below ${folder}`, `use a path as in ${folder}audit/policy.yaml`)]
  if (owned.some((pattern) => pattern.test(path)))
    return [problemOf(`${what} is one that kubeadm or knest writes`, 'use another path')]
  return []
}
