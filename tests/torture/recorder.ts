// Writes the history down as it happens, and keeps it: what a killed run leaves is still a history up to there.

import { createWriteStream, type WriteStream } from 'node:fs'
import type { Entry, Fields, Outcome } from '../../services/check/history.ts'

export interface Asked {
  readonly client: string
  readonly process: string
  readonly op: string
  readonly action: string
  readonly input: Fields
}

export type Said = Omit<Outcome, 'type' | 'id' | 't'>

export class Recorder {
  readonly entries: Entry[] = []
  private readonly stream: WriteStream
  private calls = 0
  /** Answers that did what was asked. */
  done = 0

  constructor(file: string) {
    this.stream = createWriteStream(file)
  }

  add(entry: Entry): void {
    this.entries.push(entry)
    this.stream.write(`${JSON.stringify(entry)}\n`)
  }

  /** Returns how to say what came of it. */
  invoke(asked: Asked): (said: Said) => void {
    const id = this.calls++
    this.add({ type: 'invoke', id, t: Date.now(), ...asked })
    return said => {
      if (said.result === 'ok') this.done++
      this.add({ type: 'outcome', id, t: Date.now(), ...said })
    }
  }

  close(): Promise<void> {
    return new Promise(resolve => this.stream.end(resolve))
  }
}
