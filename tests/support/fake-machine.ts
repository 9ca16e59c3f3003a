// For tests of what is installed when: a machine that only remembers.

import type { Machine } from '../../platform/engines/machine.ts'

export interface FakeMachineOptions {
  /** Programs that are there from the beginning. */
  readonly programs?: readonly string[]
  /** Debian packages that can be had, and the programs each brings. */
  readonly packages?: Readonly<Record<string, readonly string[]>>
  readonly isRoot?: boolean
  /** True: a package can be had only once the list of packages was fetched. */
  readonly oldList?: boolean
  /** What a program does when it is run; default: ends with 0, saying nothing. */
  run?(program: string, args: readonly string[], folder?: string): { code?: number; output?: string }
}

export interface FakeMachine extends Machine {
  /** `apt-get install mariadb-server`, `java -version`, … in order. */
  readonly ran: readonly string[]
}

export function fakeMachine(options: FakeMachineOptions): FakeMachine {
  const ran: string[] = []
  const programs = new Set(options.programs)
  let listIsOld = options.oldList ?? false
  return {
    ran,
    find: name => (programs.has(name) ? `/usr/bin/${name}` : null),
    isRoot: options.isRoot ?? true,
    async run(program, args, folder) {
      ran.push(`${program.split('/').at(-1)} ${args[0]}`)
      return { code: 0, output: '', ...options.run?.(program, args, folder) }
    },
    async apt(_program, [action, ...rest]) {
      const name = rest.at(-1)!
      ran.push(action === 'update' ? 'apt-get update' : `apt-get ${action} ${name}`)
      if (action === 'update') {
        listIsOld = false
        return 0
      }
      const brought = options.packages?.[name]
      if (brought === undefined || listIsOld) return 100
      for (const program of brought) programs.add(program)
      return 0
    },
  }
}
