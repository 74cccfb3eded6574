import { shortImageName } from '../values/index.js'
import type { DesiredNode } from './desired-nodes.js'
import { lackedImages, type ImageToCopy } from './loaded-images.js'
import type { ObservedCluster } from './observed.js'
import type { Step } from './step.js'

type LoadImages = Extract<Step, { kind: 'load-images' }>

/**
 * Nodes that lack what was loaded into the cluster get it from others. What no node has is left out: nobody can help
 * but who loaded it. Pure.
 */
export function imageSteps(
  desired: readonly DesiredNode[],
  joining: readonly DesiredNode[],
  { images, nodes }: ObservedCluster,
  others: readonly Step[],
): readonly LoadImages[] {
  if (images === undefined) return []
  const { loaded, present } = images
  const isStaying = (name: string): boolean => desired.some((node) => node.name === name)
  const holders = [...present].sort(([one], [other]) => Number(isStaying(other)) - Number(isStaying(one)))
  return desired.flatMap((node) => {
    const isNew = joining.includes(node)
    const has = present.get(node.name)
    // One that is silent is left alone.
    if (has === undefined && !isNew) return []
    const isEmpty = nodes.find(({ name }) => name === node.name)?.disk === 'empty'
    const lacking = lackedImages(loaded, node, isEmpty ? [] : (has ?? [])).flatMap((image): ImageToCopy[] => {
      const { name, digest, id } = image
      const from = holders.flatMap(([holder, held]) =>
        holder !== node.name && lackedImages([{ name, digest }], node, held).length === 0 ? [holder] : [],
      )
      return from.length === 0 ? [] : [{ name, digest, ...(id !== undefined && { id }), from }]
    })
    return lacking.length === 0 ? [] : [step(node.name, lacking, neededBy(node.name, isNew, others))]
  })
}

function step(node: string, images: readonly ImageToCopy[], needs: readonly string[]): LoadImages {
  const names = images.map(({ name }) => shortImageName(name)).join(', ')
  const title = `Copy loaded images to "${node}": ${names}`
  return { kind: 'load-images', id: `images:${node}`, title, needs, node, images }
}

/** A node is not to be restarted meanwhile; and the control planes, which have images, are upgraded before the API is asked. */
function neededBy(node: string, isNew: boolean, others: readonly Step[]): readonly string[] {
  const wanted = [`node:${node}`, `upgrade:${node}`, ...(isNew ? ['api'] : [])]
  return wanted.filter((id) => others.some((other) => other.id === id))
}

/** A node has its images before pods can come to it. */
export function afterImages(step: Step, images: readonly Step[]): Step {
  if (step.kind !== 'join-control-plane' && step.kind !== 'start-worker') return step
  const own = images.flatMap((each) =>
    each.kind === 'load-images' && each.node === step.node ? [each.id] : [],
  )
  return own.length === 0 ? step : { ...step, needs: [...step.needs, ...own] }
}
