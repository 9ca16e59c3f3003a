import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { buildProgram, run } from './cli.ts'
import { CommandFailure, OK, PROBLEM, UNREACHABLE, USAGE } from './commands/exit-codes.ts'

let shown: string
beforeEach(() => {
  shown = ''
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation(text => {
      shown += text
      return true
    })
  }
  vi.spyOn(console, 'error').mockImplementation((...texts) => {
    shown += `${texts.join(' ')}\n`
  })
})
afterEach(() => vi.restoreAllMocks())

const levee = async (...args: string[]) => run(['node', 'levee', ...args], await buildProgram())

/** A program with one more command, which ends in this way. */
async function leveeThat(action: () => void): Promise<number> {
  const program = await buildProgram()
  program.command('probe').action(action)
  return run(['node', 'levee', 'probe'], program)
}
const fail = (error: Error) => () => {
  throw error
}

test('every command has help with an example and the exit codes', async () => {
  const program = await buildProgram()
  expect(await levee('--help')).toBe(OK)
  expect(shown).toMatch(/Exit codes: 0 .* 3 /)
  for (const command of program.commands) {
    shown = ''
    expect(await levee(command.name(), '--help')).toBe(OK)
    expect(shown).toContain('Example')
    for (const inner of command.commands) {
      shown = ''
      expect(await levee(command.name(), inner.name(), '--help')).toBe(OK)
      expect(shown).toContain(`$ `)
    }
  }
})

test.each([['nonsense'], ['engines', 'sideways'], ['engines', 'status', '--no-such-option']])(
  'a wrong command line ends with 2: %s',
  async (...args) => {
    expect(await levee(...args)).toBe(USAGE)
    expect(shown).toContain('error:')
  },
)

test('a failure says its message, without a stack, and has its own code', async () => {
  expect(await leveeThat(fail(new CommandFailure(UNREACHABLE, 'no shop there')))).toBe(UNREACHABLE)
  expect(shown).toBe('levee: no shop there\n')
})

test('a wrong configuration ends with 2', async () => {
  const wrong = Object.assign(new Error('http.port must be …'), { name: 'ConfigError' })
  expect(await leveeThat(fail(wrong))).toBe(USAGE)
  expect(shown).toContain('http.port')
})

test('anything unforeseen ends with 1 and shows where it came from', async () => {
  expect(await leveeThat(fail(new Error('unforeseen')))).toBe(PROBLEM)
  expect(shown).toMatch(/unforeseen/)
})
