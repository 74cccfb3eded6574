import type { NodeHandle } from '../contracts/node-backend.js'
import { packBundle } from '../kubeadm/bundle.js'
import { credentialsFile, registriesFolder, registriesMarker } from '../node/registries.js'
import { runScript } from '../node/run-script.js'
import type { RegistryFiles } from './render.js'

const staged = `${registriesMarker}.new`
const credentialsName = 'credentials.json'
const markerName = 'marker'

/**
 * File by file, so that a pull finds the old or the new. What knest wrote before and is not wanted goes; a file with
 * credentials that knest did not write stays. kubelet keeps credentials in mind for minutes: one that runs is started
 * again, which pods do not notice. The marker comes last, so that an interrupted run is made again.
 */
const writeScript = `shopt -s nullglob
rm -rf ${staged}
mkdir -p ${staged} ${registriesFolder}
tar --no-same-owner -xf - -C ${staged}
before=$(tail -n +2 ${registriesMarker} 2>/dev/null || true)
for folder in ${staged}/hosts/*/; do
  target=${registriesFolder}/$(basename "$folder")
  mkdir -p "$target"
  if [ -e "$folder/ca.crt" ]; then mv -f "$folder/ca.crt" "$target/"; fi
  mv -f "$folder/hosts.toml" "$target/"
  sync "$target"/* "$target"
done
while read -r what name; do
  if [ "$what" != host ] || [ -d "${staged}/hosts/$name" ]; then continue; fi
  rm -f "${registriesFolder}/$name/hosts.toml" "${registriesFolder}/$name/ca.crt"
  rmdir --ignore-fail-on-non-empty "${registriesFolder}/$name" 2>/dev/null || true
done <<<"$before"
isOwn=$(grep -x credentials <<<"$before" || true)
wanted=${staged}/${credentialsName}
changed=
if [ -e "$wanted" ] && [ -e ${credentialsFile} ] && [ -z "$isOwn" ]; then
  if ! cmp -s "$wanted" ${credentialsFile}; then echo foreign; fi
  sed -i '/^credentials$/d' ${staged}/${markerName}
elif [ -e "$wanted" ]; then
  if ! cmp -s "$wanted" ${credentialsFile}; then
    mkdir -p $(dirname ${credentialsFile})
    mv -f "$wanted" ${credentialsFile}
    sync ${credentialsFile}
    changed=yes
  fi
elif [ -n "$isOwn" ]; then
  rm -f ${credentialsFile}
  changed=yes
fi
if [ -n "$changed" ] && systemctl is-active --quiet kubelet; then systemctl restart kubelet; fi
if [ -s ${staged}/${markerName} ]; then
  sync ${staged}/${markerName}
  mv -f ${staged}/${markerName} ${registriesMarker}
else rm -f ${registriesMarker}; fi
sync $(dirname ${registriesMarker})
rm -rf ${staged}
`

interface Written {
  /** The node has credentials that knest did not write, and they stay. */
  readonly hasOthers: boolean
}

/** Makes these the registries of a node, which containerd knows from its next pull on. Repeatable. */
export async function writeRegistries(
  node: NodeHandle,
  files: RegistryFiles,
  signal: AbortSignal,
): Promise<Written> {
  const stdin = await bundle(files)
  const said = await runScript(node, 'set-up of registries', writeScript, {
    stdin,
    timeoutMs: 60_000,
    signal,
  })
  return { hasOthers: said.includes('foreign') }
}

async function bundle({ hosts, credentials, digest }: RegistryFiles): Promise<Buffer> {
  const parts = [
    ...[...hosts.keys()].map((folder) => `host ${folder}`),
    ...(credentials === undefined ? [] : ['credentials']),
  ]
  // Without registries a node is to be like one that never had any.
  const marker = digest === undefined ? '' : [digest, ...parts, ''].join('\n')
  const files = [...hosts].flatMap(([folder, named]) =>
    Object.entries(named).map(([name, content]) => ({
      path: `hosts/${folder}/${name}`,
      content,
      mode: 0o600,
    })),
  )
  return packBundle([
    ...files,
    ...(credentials === undefined ? [] : [{ path: credentialsName, content: credentials, mode: 0o600 }]),
    { path: markerName, content: marker, mode: 0o600 },
  ])
}
