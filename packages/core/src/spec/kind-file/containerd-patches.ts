import { parse } from 'smol-toml'
import type { Path } from '../schema-problems.js'
import type { Fields } from './kubeadm-objects.js'
import type { Report } from './report.js'
import { isRecord } from '../../values/index.js'

export interface Registry {
  readonly host: string
  readonly mirrors: readonly string[]
}

const criPlugins = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.images']

/** Registry mirrors in patches of containerd's configuration; everything else of them is named. */
export function registriesIn(patches: readonly string[], report: Report): readonly Registry[] {
  return patches.flatMap((text, index) => {
    const path = ['containerdConfigPatches', index]
    let value: unknown
    try {
      value = parse(text)
    } catch (error) {
      report.lacks(path, `a patch that is not TOML: ${String(error).split('\n')[0] ?? ''}`, 'correct it')
      return []
    }
    return isRecord(value) ? registriesOf(value, path, report) : []
  })
}

function registriesOf(config: Fields, path: Path, report: Report): readonly Registry[] {
  const found: Registry[] = []
  const visit = (fields: Fields, way: readonly string[]): void => {
    for (const [name, value] of Object.entries(fields)) {
      const here = [...way, name]
      const mirror = mirrorAt(here)
      if (mirror !== undefined && Array.isArray(value))
        found.push({ host: mirror, mirrors: value.map(String) })
      else if (isConfigPath(here)) {
        report.warn(path, 'config_path of containerd: knest sets it, as registries have it')
      } else if (isRecord(value) && Object.keys(value).length > 0) visit(value, here)
      else if (here.join() !== 'version') {
        report.lacks(path, `${here.join('.')} of containerd's configuration`, 'take it out of the patch')
      }
    }
  }
  visit(config, [])
  return found
}

/** `plugins."…".registry.mirrors.HOST.endpoint` */
function mirrorAt([plugins, plugin = '', registry, mirrors, host, endpoint]: readonly string[]):
  string | undefined {
  const isMirror = plugins === 'plugins' && registry === 'registry' && mirrors === 'mirrors'
  return isMirror && criPlugins.includes(plugin) && endpoint === 'endpoint' ? host : undefined
}

function isConfigPath([plugins, plugin = '', registry, field, ...more]: readonly string[]): boolean {
  const isOfRegistry = plugins === 'plugins' && criPlugins.includes(plugin) && registry === 'registry'
  return isOfRegistry && field === 'config_path' && more.length === 0
}
