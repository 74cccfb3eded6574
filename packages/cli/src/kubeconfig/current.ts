import { isDeepStrictEqual } from 'node:util'
import { yamlText } from 'knest/manifests'
import { KnestError, kubectlCommand } from 'knest'
import { currentContext, type Former } from './entries.js'
import { restoreCurrent } from './remove.js'
import { applyEdits, colonEnd, contentEnd, findPair, readKubeconfig, type KubeconfigText } from './text.js'

/** The text with another current context, in a file that need not have that context; nothing else changes. */
export function withCurrent(text: string, name: string): string {
  const { root, value } = readKubeconfig(text)
  if (value[currentContext] === name) return text
  const pair = root === undefined ? undefined : findPair(root, currentContext)
  const flow = root?.flow === true
  const scalar = flow ? JSON.stringify(name) : yamlText(name).trimEnd()
  const newline = text.includes('\r\n') ? '\r\n' : '\n'
  let after: string
  if (pair !== undefined) {
    const from = colonEnd(pair)
    after = applyEdits(text, [{ from, to: contentEnd(text, pair.value, from), text: ` ${scalar}` }])
  } else if (root === undefined) {
    const field = `${currentContext}: ${scalar}`
    const isOpen = text !== '' && !text.endsWith('\n')
    after = isOpen ? `${text}${newline}${field}` : `${text}${field}${newline}`
  } else if (flow) {
    const at = root.range[0] + 1
    const comma = root.items.length === 0 ? '' : ', '
    after = applyEdits(text, [{ from: at, to: at, text: `"${currentContext}": ${scalar}${comma}` }])
  } else {
    const at = root.range[0]
    after = applyEdits(text, [{ from: at, to: at, text: `${currentContext}: ${scalar}${newline}` }])
  }
  return unlessOthersChanged(text, after, name)
}

/** What stands behind `current-context:`; null when it is not there. */
export function currentOf(text: string): string | null {
  const { root } = readKubeconfig(text)
  const pair = root === undefined ? undefined : findPair(root, currentContext)
  if (pair === undefined) return null
  const from = colonEnd(pair)
  return text.slice(from, contentEnd(text, pair.value, from))
}

/** The text without a current context that is gone: the one before it, or none. */
export function withoutCurrent(text: string, name: string, former: Former): string {
  const after = applyEdits(text, restoreCurrent(readKubeconfig(text), name, former))
  return unlessOthersChanged(text, after, undefined)
}

function unlessOthersChanged(before: string, after: string, name: string | undefined): string {
  const others = ({ value }: KubeconfigText): unknown => ({ ...value, [currentContext]: undefined })
  const read = readIfPossible(after)
  const isSet = name === undefined || read?.value[currentContext] === name
  if (read !== undefined && isSet && isDeepStrictEqual(others(read), others(readKubeconfig(before))))
    return after
  const cure = name === undefined ? ['unset', currentContext] : ['use-context', name]
  throw new KnestError(
    'config',
    'the kubeconfig is written in a way that knest cannot set its current context',
    { hint: `set it: ${kubectlCommand('config', ...cure)}` },
  )
}

function readIfPossible(text: string): KubeconfigText | undefined {
  try {
    return readKubeconfig(text)
  } catch (error) {
    if (error instanceof KnestError) return undefined
    throw error
  }
}
