import { shortImageName, type ClusterImage, type ClusterRef } from 'knest'
import { renderTable, type TableStyle } from '../render/table.js'

/** Loaded images as `-o json` shows them. The fields are a promise to scripts. */
export function imagesView(ref: ClusterRef, images: readonly ClusterImage[]): Record<string, unknown> {
  return {
    name: ref.name,
    namespace: ref.namespace,
    items: images.map(({ name, digest, size, wanted, present }) => ({
      name,
      digest,
      size: size ?? null,
      wanted,
      present,
    })),
  }
}

export function imagesTable(images: readonly ClusterImage[], { headers }: TableStyle): string {
  return renderTable(
    ['IMAGE', 'DIGEST', 'SIZE', 'NODES'],
    images.map(({ name, digest, size, wanted, present }) => [
      shortImageName(name),
      digest.replace(/^sha256:/, '').slice(0, 12),
      size ?? '<none>',
      `${wanted.filter((node) => present.includes(node)).length}/${wanted.length}`,
    ]),
    { headers },
  )
}
