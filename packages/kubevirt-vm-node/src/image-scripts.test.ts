import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const scripts = fileURLToPath(new URL('../../../images/vm/files/usr/lib/knest/', import.meta.url))
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'knest-vm-scripts-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** Runs a script of the VM image as in a VM, but for the place of its files. Gives the commands that it ran. */
function run(name: string, programs: Readonly<Record<string, string>>): string {
  for (const [program, script] of Object.entries(programs)) {
    write(`bin/${program}`, `#!/bin/sh\necho "${program} $*" >>${root}/log\n${script}\n`)
    chmodSync(join(root, 'bin', program), 0o755)
  }
  const script = readFileSync(join(scripts, name), 'utf8')
    .replaceAll('/sys/', `${root}/sys/`)
    .replaceAll('/run/', `${root}/run/`)
  const env = { PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}` }
  execFileSync('sh', ['-c', script], { env, stdio: 'pipe' })
  return existsSync(join(root, 'log')) ? readFileSync(join(root, 'log'), 'utf8') : ''
}

describe('the root file system of a VM', () => {
  const whole = 10_000_000
  const grow = (device: string): string =>
    run('grow', { findmnt: `echo ${device}`, sfdisk: 'cat >/dev/null', partx: '', resize2fs: '' })
  const partition = (size: number): void => {
    write('sys/class/block/vda/size', `${whole}\n`)
    for (const [name, value] of Object.entries({ partition: 1, start: 2048, size }))
      write(`sys/class/block/vda/vda1/${name}`, `${value}\n`)
    execFileSync('ln', ['-s', 'vda/vda1', join(root, 'sys/class/block/vda1')])
  }

  it('grows with its partition on a larger disk', () => {
    partition(5_000_000)
    expect(grow('/dev/vda1').split('\n').slice(1, -1)).toEqual([
      'sfdisk --quiet --no-reread --force -N 1 /dev/vda',
      'partx --update --nr 1 /dev/vda',
      'resize2fs /dev/vda1',
    ])
  })

  it.each([
    ['was cut off after its partition had grown', whole - 2048],
    ['has less than 1 MiB to gain', whole - 2048 - 2047],
  ])('grows to its partition when it %s', (_, size) => {
    partition(size)
    expect(grow('/dev/vda1').split('\n').slice(1, -1)).toEqual(['resize2fs /dev/vda1'])
  })

  it('grows without a partition', () => {
    write('sys/class/block/vda/size', `${whole}\n`)
    expect(grow('/dev/vda').split('\n').slice(1, -1)).toEqual(['resize2fs /dev/vda'])
  })
})

describe("a VM's clock", () => {
  const sources = (): string => readFileSync(join(root, 'run/knest/chrony/kvm.conf'), 'utf8')

  it.each<[string, Record<string, string>, string]>([
    ["that of the host by KVM, and no card's", { ptp0: 'ixgbe', ptp1: 'KVM virtual PTP' }, '/dev/ptp1 '],
    ["nobody's where there is no KVM", {}, ''],
    ["nobody's where only a card has one", { ptp0: 'ixgbe' }, ''],
  ])('follows %s', (_, clocks, device) => {
    for (const [name, what] of Object.entries(clocks)) write(`sys/class/ptp/${name}/clock_name`, `${what}\n`)
    run('time-sources', { modprobe: 'exit 1' })
    expect(sources()).toMatch(
      device === '' ? /^$/ : new RegExp(`^refclock PHC ${device}poll \\d trust prefer\n$`),
    )
    run('time-sources', { modprobe: '' })
    expect(sources().split('\n')).toHaveLength(device === '' ? 1 : 2)
  })
})
