import { expect, test } from 'vitest'
import { withCurrent } from './current.js'

test('a text that nothing can be set in is left to kubectl', () => {
  expect(() => withCurrent('  apiVersion: v1\n  kind: Config\n', 'knest-a')).toThrow(
    expect.objectContaining({
      code: 'config',
      message: 'the kubeconfig is written in a way that knest cannot set its current context',
      hint: 'set it: `kubectl config use-context knest-a`',
    }) as Error,
  )
})
