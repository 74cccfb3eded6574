import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { fakeStatus } from '@knest/testing'
import { KnestError, type ClusterPhase } from 'knest'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { FakeTerminal } from './fake-deps.js'
import { globalOptions, type GlobalOptions } from './global-options.js'
import { buildProgram } from './program.js'
import { worded } from './worded.js'

interface Parsed extends GlobalOptions {
  readonly command: string
  readonly args: readonly string[]
}

/** What the real program understands of the words; it does nothing. Throws what it would say of them. */
function parse(words: readonly string[]): Parsed {
  let parsed: Parsed | undefined
  const program = buildProgram(new FakeTerminal(tmpdir()).deps(), words)
  const disarm = (command: Command): void => {
    command.commands.forEach(disarm)
    if (command.commands.length > 0 && command.registeredArguments.length === 0) return
    command.action(() => {
      parsed = { ...globalOptions(command), command: command.name(), args: command.args }
    })
  }
  disarm(program)
  program.parse([...words], { from: 'user' })
  if (parsed === undefined) throw new Error(`nothing would be done by: ${words.join(' ')}`)
  return parsed
}

/** As a shell does, for what `quoted` writes. */
function split(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|\\'|[^\s'\\])+/g)].map(([word]) =>
    word.replace(/'([^']*)'|\\'/g, (quote: string, inner: string | undefined) =>
      quote === String.raw`\'` ? "'" : (inner ?? ''),
    ),
  )
}

function offered(text: string): string[] {
  return [...text.matchAll(/`knest ([^`]*)`/g)].map(([, rest]) => rest ?? '')
}

const declared = 'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: {name: q, namespace: team}\n'

const leading = { context: 'my host', kubeconfig: '/k c', namespace: 'team' }
const flags = ['--context', leading.context, '--kubeconfig', leading.kubeconfig, '-n', leading.namespace]

describe('words', () => {
  test.each([
    ['see: `knest list`', "see: `knest list --context 'my host' --kubeconfig '/k c' -n team`"],
    [
      '`knest ssh a b -- ls -n x`',
      "`knest ssh a b --context 'my host' --kubeconfig '/k c' -n team -- ls -n x`",
    ],
    ['`knest delete a -n other`', "`knest delete a -n other --context 'my host' --kubeconfig '/k c'`"],
    [
      '`knest host install kubevirt`',
      "`knest host install kubevirt --context 'my host' --kubeconfig '/k c'`",
    ],
    ['`knest host up --name b`', '`knest host up --name b`'],
    ['`knest create --help`', '`knest create --help`'],
    ['`knest create --context other`', '`knest create --context other -n team`'],
    ['`kubectl get pods`', "`kubectl get pods --context 'my host' --kubeconfig '/k c'`"],
    ['`kubectl --context b get pods`', '`kubectl --context b get pods`'],
    ['`kubectl config delete-context b`', '`kubectl config delete-context b`'],
    ['`kubectl config use-context b`', '`kubectl config use-context b`'],
    ['the old knest list', 'the old knest list'],
    ['the chart `knest`', 'the chart `knest`'],
  ])('%s', (text, expected) => {
    expect(worded(text, leading)).toBe(expected)
  })

  test('kubectl is led to a host that it would not find', () => {
    expect(worded('`kubectl get pods`', { kubectl: { context: 'b' } })).toBe('`kubectl get pods --context b`')
    expect(worded('`knest list`', { kubectl: { context: 'b' } })).toBe('`knest list`')
  })
})

describe('every command that a message offers', () => {
  // What comes before --help is said by the program itself.
  const calls = sources()
    .flatMap(callsIn)
    .filter(({ words }) => !words.includes('--help'))

  test('is made in one place', () => {
    expect(calls.length).toBeGreaterThan(40)
    expect(sources().flatMap(handwritten)).toEqual([])
  })

  test.each(calls)('$file:$line: knest $words is one', ({ words }) => {
    expect(() => parse(words)).not.toThrow()
  })
})

describe('what a message offers is about the same cluster on the same host', () => {
  const commands = [
    ...['create q', 'scale q 1:2', 'upgrade q --kubernetes-version 1.36.3', 'pause q', 'resume q', 'heal q'],
    ...[
      'certs q --renew',
      'status q',
      'status other',
      'delete other',
      'ssh q nothing -- ls',
      'ssh q',
      'ssh q cp-0 ls',
    ],
    ...[
      'shell q ls',
      'kubeconfig q',
      'list',
      'extend q 1h',
      'delete q other',
      'delete --all --yes',
      'logs export q /dev/null/x',
    ],
    ...['load q a.tar', 'images q', 'images rm q a', 'preflight other', 'apply -f q.yaml', 'plan -f q.yaml'],
  ]
  const phases: readonly ClusterPhase[] = [
    ...(['Creating', 'Ready', 'Degraded', 'Scaling', 'Upgrading', 'Paused', 'Resuming', 'Deleting'] as const),
    ...(['Kept', 'Failed'] as const),
  ]
  test.each(phases.flatMap((phase) => commands.map((command) => [command, phase] as const)))(
    'knest %s, %s',
    async (command, phase) => {
      const terminal = new FakeTerminal(tmpdir())
      terminal.clusters.reachable = false
      terminal.clusters.add(fakeStatus({ name: 'q', namespace: 'team', phase }))
      terminal.files.set('q.yaml', declared)
      const [before = '', after] = command.split(' -- ')
      await terminal.run(...before.split(' '), ...flags, ...(after === undefined ? [] : ['--', after]))
      for (const line of offered(terminal.out + terminal.err)) {
        const { command: verb, args, ...options } = parse(split(line))
        expect(options).toMatchObject(verb === 'up' ? {} : leading)
        if (args.length > 0 && verb !== 'install') expect(args[0]).toMatch(/^(q|other)$/)
      }
      if (command === 'ssh q') expect(offered(terminal.err)).toHaveLength(2)
    },
  )

  const notYet = 'new'
  type Row = readonly [string, string, (terminal: FakeTerminal) => unknown, readonly string[]]
  const closing: readonly Row[] = [
    ['create, reached', `create ${notYet}`, () => undefined, [`shell ${notYet}`]],
    [
      'create, not reached',
      `create ${notYet} --no-merge`,
      (terminal: FakeTerminal) => (terminal.clusters.reachable = false),
      [`shell ${notYet}`],
    ],
    [
      'create that fails',
      `create ${notYet} --no-merge`,
      (terminal: FakeTerminal) =>
        (terminal.clusters.duringCreate = () => Promise.reject(new KnestError('timeout', 'too long'))),
      [`delete ${notYet}`],
    ],
    [
      'create that is interrupted',
      `create ${notYet} --no-merge`,
      (terminal: FakeTerminal) =>
        (terminal.clusters.duringCreate = () => {
          terminal.signal()
          return Promise.reject(new KnestError('cancelled', 'cancelled'))
        }),
      [`delete ${notYet}`],
    ],
    [
      'create without a controller',
      `create ${notYet} --no-merge`,
      (terminal: FakeTerminal) => {
        terminal.controller.found = undefined
        terminal.controller.fault = new KnestError('not-permitted', 'you may not')
      },
      [`heal ${notYet}`, `shell ${notYet}`],
    ],
    [
      'certificates that end',
      'certs q',
      (terminal: FakeTerminal) =>
        (terminal.clusters.certificateList = {
          ...terminal.clusters.certificateList,
          unfinished: ['q-cp-0'],
        }),
      ['certs q'],
    ],
  ]
  test.each(closing)('the closing line: %s', async (_what, command, arrange, expected) => {
    const terminal = new FakeTerminal(mkdtempSync(join(tmpdir(), 'knest-hints-')))
    terminal.clusters.add(fakeStatus({ name: 'q', namespace: 'team' }))
    arrange(terminal)
    await terminal.run(...command.split(' '), ...flags, '--as', 'somebody else')
    const said = offered(terminal.err).map((line) => parse(split(line)))
    expect(said.map(({ command: verb, args }) => `${verb} ${args.join(' ')}`)).toEqual(expected)
    for (const { context, kubeconfig, namespace, connection } of said)
      expect({ context, kubeconfig, namespace, connection }).toEqual({
        ...leading,
        connection: { as: 'somebody else' },
      })
  })

  test('also where a file and not a flag names the namespace', async () => {
    const terminal = new FakeTerminal(tmpdir())
    terminal.clusters.reachable = false
    terminal.files.set(
      'a.yaml',
      'apiVersion: knest.dev/v1alpha1\nkind: NestedCluster\nmetadata: {name: a, namespace: team}\n',
    )
    terminal.clusters.duringCreate = () => {
      terminal.signal()
      return Promise.resolve()
    }
    expect(await terminal.run('create', '--from', 'a.yaml', '--no-merge', '--context', 'h')).toBe(130)
    expect(offered(terminal.err)).toEqual(['delete a -n team --context h'])
    terminal.clusters.duringCreate = () => Promise.resolve()
    terminal.err = ''
    expect(await terminal.run('create', '--from', 'a.yaml', '--no-merge', '--context', 'h')).toBe(0)
    expect(offered(terminal.err)).toEqual(['shell a -n team --context h'])
  })
})

interface Source {
  readonly file: string
  readonly tree: ts.SourceFile
}

interface Call {
  readonly file: string
  readonly line: number
  readonly words: readonly string[]
}

/** All that is shipped. */
function sources(): readonly Source[] {
  const packages = fileURLToPath(new URL('../../', import.meta.url))
  return readdirSync(packages).flatMap((name) => {
    if (name === 'testing') return []
    return readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/(\.test|\.cases)\.ts$|(^|\/)(fake|sample)-/.test(file))
      .map((file) => {
        const path = join(packages, name, 'src', file)
        const text = readFileSync(path, 'utf8')
        return {
          file: `${name}/${file}`,
          tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true),
        }
      })
  })
}

function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  for (const child of node.getChildren()) yield* nodesOf(child)
}

function callsIn({ file, tree }: Source): Call[] {
  return [...nodesOf(tree)].flatMap((node) => {
    if (!ts.isCallExpression(node) || !ts.isIdentifier(node.expression)) return []
    const { text } = node.expression
    const given = node.arguments.flatMap(sample)
    const line = tree.getLineAndCharacterOfPosition(node.getStart()).line + 1
    const [verb = '', , ...more] = given
    if (file.endsWith('core/commands.ts') || file.endsWith('/src/commands.ts') || file === 'core/commands.ts')
      return []
    if (text === 'knestCommand') return [{ file, line, words: given }]
    if (text === 'clusterCommand') return [{ file, line, words: [verb, 'a', ...more] }]
    if (text === 'hostCommand' && ts.isStringLiteral(node.arguments[0] ?? node))
      return [{ file, line, words: ['host', verb, ...more, '--name', 'a', '--engine', 'podman'] }]
    return []
  })
}

/** The words of an argument; what is known only when it runs is some word. */
function sample(argument: ts.Expression): string[] {
  if (ts.isStringLiteralLike(argument)) return [argument.text]
  if (ts.isArrayLiteralExpression(argument)) return argument.elements.flatMap(sample)
  if (ts.isSpreadElement(argument)) return sample(argument.expression)
  if (ts.isParenthesizedExpression(argument)) return sample(argument.expression)
  if (ts.isConditionalExpression(argument))
    return [...sample(argument.whenTrue), ...sample(argument.whenFalse)]
  return ['1']
}

/** Commands that no builder has made, and so nobody leads to the host. */
function handwritten({ file, tree }: Source): string[] {
  const verbs = buildProgram(new FakeTerminal(tmpdir()).deps()).commands.map((command) => command.name())
  const pattern = new RegExp(
    String.raw`\bknest (${verbs.filter((verb) => !verb.startsWith('__')).join('|')})\b`,
  )
  return [...nodesOf(tree)]
    .filter(
      (node) =>
        ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node),
    )
    .filter((node) => pattern.test((node as ts.LiteralLikeNode).text) && !isHelp(node))
    .map((node) => `${file}: ${(node as ts.LiteralLikeNode).text}`)
}

/** Help says how commands are called, and titles of charts which command it was. */
function isHelp(node: ts.Node): boolean {
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) {
    if (!ts.isCallExpression(at)) continue
    const called = at.expression
    const name = ts.isPropertyAccessExpression(called) ? called.name.text : called.getText()
    if (['description', 'option', 'argument', 'addHelpText', 'withTiming', 'Option'].includes(name))
      return true
  }
  return false
}
