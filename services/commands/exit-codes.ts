// What the exit codes of `levee` mean, and the error that carries one.

/** Done, nothing wrong. */
export const OK = 0
/** Ran to its end and found a problem (books that differ, a row below its floor), or broke. */
export const PROBLEM = 1
/** Called in a wrong way, or the configuration is wrong. Nothing was done. */
export const USAGE = 2
/** Something needed could not be reached: the shop, an engine, a file. */
export const UNREACHABLE = 3

export type ExitCode = typeof OK | typeof PROBLEM | typeof USAGE | typeof UNREACHABLE

export const EXIT_CODE_HELP = `
Exit codes: ${OK} fine, ${PROBLEM} a problem was found, ${USAGE} wrong usage or configuration, ${UNREACHABLE} something could not be reached.`

/** Ends the command with its message on stderr, no stack, and this exit code. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandFailure'
    this.exitCode = exitCode
  }
}
