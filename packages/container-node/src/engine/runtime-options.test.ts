import { expect, test } from 'vitest'
import { insteadOfCrun } from './runtime-options.js'

test('runc is used where it is installed', () => {
  expect(insteadOfCrun('/usr/sbin/runc', 'hugetlb')).toBe('/usr/sbin/runc')
  expect(insteadOfCrun('/usr/sbin/runc', '')).toBe('/usr/sbin/runc')
})

test('crun stays where it works', () => {
  expect(insteadOfCrun(undefined, '')).toBeUndefined()
})

test('where crun would refuse, the error says what to install', () => {
  expect(() => insteadOfCrun(undefined, 'hugetlb misc')).toThrow(
    expect.objectContaining({
      code: 'prerequisite',
      message: expect.stringContaining('hugetlb misc') as string,
      hint: expect.stringContaining('apt-get install runc') as string,
    }),
  )
})
