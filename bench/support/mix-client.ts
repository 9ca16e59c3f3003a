// The client of the mix as the bench sees it: started, told what to do, ended.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import type { MixLoad, MixResult, MixWorld } from './mix.ts'

const PROGRAM = path.resolve(import.meta.dirname, 'mix-process.ts')

export class MixClient {
  private readonly child: ChildProcess

  constructor(world: MixWorld) {
    this.child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.child.send({ world })
  }

  /** One load after the other. @throws Error where the client ended */
  async carryOut(load: MixLoad): Promise<MixResult> {
    const { child } = this
    if (!child.connected) throw new Error('the client of the mix has ended')
    const gone = new AbortController()
    const answer = once(child, 'message', { signal: gone.signal })
    const end = once(child, 'exit', { signal: gone.signal }).then(([code]) => {
      throw new Error(`the client of the mix ended with ${code}`)
    })
    // Whichever does not come is not waited for any more, which says so.
    for (const each of [answer, end]) each.catch(() => undefined)
    child.send({ load })
    try {
      const [result] = (await Promise.race([answer, end])) as [MixResult]
      return result
    } finally {
      gone.abort()
    }
  }

  async close(): Promise<void> {
    const { child } = this
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}
