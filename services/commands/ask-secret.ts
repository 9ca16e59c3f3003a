// A question on the terminal whose answer is not shown.

import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Null: there is no terminal to ask on, or the question was left with Ctrl-C or Ctrl-D. */
export async function askSecret(question: string): Promise<string | null> {
  const { stdin, stderr } = process
  if (!stdin.isTTY || !stderr.isTTY) return null
  stderr.write(question)
  // What readline echoes goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: stdin, output: nowhere, terminal: true })
  try {
    return await new Promise(resolve => {
      terminal.once('close', () => resolve(null))
      terminal.once('SIGINT', () => resolve(null))
      terminal.once('line', resolve)
    })
  } finally {
    terminal.close()
    stderr.write('\n')
  }
}
