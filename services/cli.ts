// The command line. Each command is a file that registers itself and loads what it needs only when it runs.

import { Command, CommanderError } from 'commander'
import { CommandFailure, EXIT_CODE_HELP, OK, PROBLEM, USAGE } from './commands/exit-codes.ts'

/** A new command is one line here. */
const loadCommands = () =>
  Promise.all([
    import('./commands/start.ts'),
    import('./commands/import.ts'),
    import('./commands/channel.ts'),
    import('./commands/replay.ts'),
    import('./commands/verify.ts'),
    import('./commands/check.ts'),
    import('./commands/bench.ts'),
    import('./commands/engines.ts'),
    import('./commands/keys.ts'),
    import('./commands/ladders.ts'),
    import('./commands/operator.ts'),
    import('./commands/incidents.ts'),
    import('./commands/sandbox-provider.ts'),
  ])

/** Runs one command line and sets the exit code; pending output is flushed by ending by itself. */
export async function main(argv: readonly string[]): Promise<void> {
  // `levee … | head` closes the pipe: who reads has seen enough.
  process.stdout.on('error', error =>
    process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? OK : PROBLEM),
  )
  process.exitCode = await run(argv, await buildProgram())
}

export async function buildProgram(): Promise<Command> {
  const program = new Command('levee')
    .description("An online shop's back end that keeps selling, and can prove that it never oversold.")
    .showHelpAfterError('(add --help for what is possible)')
    .addHelpText('after', EXIT_CODE_HELP)
    .exitOverride()
  for (const { register } of await loadCommands()) register(program)
  return program
}

/** Runs a program to its end. Returns the exit code; what went wrong is on stderr. */
export async function run(argv: readonly string[], program: Command): Promise<number> {
  try {
    await program.parseAsync([...argv])
    return Number(process.exitCode ?? OK)
  } catch (error) {
    // Commander wrote its message itself; --help and --version arrive here too, with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE
    if (error instanceof CommandFailure) {
      console.error(`levee: ${error.message}`)
      return error.exitCode
    }
    // Known by name: loading the class would load the table of settings for every command.
    if (error instanceof Error && error.name === 'ConfigError') {
      console.error(`levee: ${error.message}`)
      return USAGE
    }
    console.error(error)
    return PROBLEM
  }
}
