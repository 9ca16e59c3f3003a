#!/usr/bin/env node
// The launcher: finds a Node that runs TypeScript as it stands, then hands over to `cli.ts`.
// Plain JavaScript that Node 18 can parse, so that an old Node gets a clear message and not a syntax error.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** First major version that strips types without a flag and keeps the result in the compile cache. */
const NEEDED_NODE = 24
/** Same meaning as in `commands/exit-codes.ts`, which an old Node cannot load. */
const EXIT_USAGE = 2

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.dirname(here)

if (Number(process.versions.node.split('.')[0]) >= NEEDED_NODE) await runHere()
else runOnOwnNode()

async function runHere() {
  // A folder that cannot be written only costs the cache, so the answer is not looked at.
  module.enableCompileCache(path.join(root, 'node_modules', '.cache', 'levee-compile'))
  const { main } = await import('./cli.ts')
  await main(process.argv)
}

/** Starts this file again on the Node that the npm package `node` brings, and becomes its shadow. */
function runOnOwnNode() {
  const ownNode = path.join(
    root,
    'node_modules',
    'node',
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  )
  if (!existsSync(ownNode)) {
    console.error(
      `levee: Node ${NEEDED_NODE} or later is needed, this is ${process.version}, and the copy that comes with\n` +
        'Levee (npm package `node`) is not there. Run `npm install` in its folder; if that was done and npm\n' +
        'held back install scripts, run `npm rebuild node`.',
    )
    process.exit(EXIT_USAGE)
  }
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  let child = null
  // Before the child exists: a signal in between must not end this process alone.
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
    process.on(signal, () => {
      // Ctrl-C reaches the child from the terminal already; a second one would mean "now, at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child?.kill(signal)
    })
  }
  child = spawn(ownNode, args, { stdio: 'inherit' })
  child.on('error', error => {
    console.error(`levee: ${ownNode} does not start: ${error.message}`)
    process.exit(EXIT_USAGE)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
